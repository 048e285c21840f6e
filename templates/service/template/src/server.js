// Starts the service: reads the environment and the content, listens, and stops on SIGTERM without dropping an answer.
import { createServer } from 'node:http';
import { createApp } from './app.js';
import { loadSite } from './site.js';

const STOP_DEADLINE_MS = 10_000;

const { PORT = '8080', HOST = '127.0.0.1', RELEASE = 'development', SITE_TITLE, SITE_FILE } = process.env;
const port = Number(PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`PORT is "${PORT}"; it must be a number from 0 to 65535.`);
  process.exit(1);
}

const site = await loadSite({ title: SITE_TITLE, file: SITE_FILE }).catch((error) => {
  console.error(`The content could not be read: ${error.message}`);
  process.exit(1);
});

const app = createApp(site, { release: RELEASE });
let stopping = false;
const server = createServer((request, response) => {
  // A kept-alive connection would hold up the stop until it times out.
  response.once('close', () => stopping && setImmediate(() => server.closeIdleConnections()));
  app(request, response);
});

server.on('error', (error) => {
  console.error(`Cannot listen on ${HOST}:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, HOST, () => {
  console.log(`${site.title} listens on http://${HOST}:${server.address().port} (release ${RELEASE})`);
});

function stop() {
  if (stopping) return;
  stopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), STOP_DEADLINE_MS).unref();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
