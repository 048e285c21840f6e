import { fileURLToPath } from 'node:url';
import { exitProcess, onEndSignals } from '@codegen/sdk/processes';
import { sendToParent } from './send-to-parent.js';
import { FRUGAL_NODE, SupervisedProcess } from './supervised-process.js';

// Runs serve.js and restarts it when it ends unexpectedly; small, so that little can break here.
// starting → up → (it ends) → waiting → starting …; a signal, or a failed first start → ended.
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

// The reader of the output may be gone; the system goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

let wasUp = false;
let sent: Promise<unknown> = Promise.resolve();
const system = new SupervisedProcess({
  argv: [...FRUGAL_NODE, fileURLToPath(new URL('serve.js', import.meta.url)), ...process.argv.slice(2)],
  // A session of its own: Ctrl-C reaches this process, which passes it on once.
  options: { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true },
  deathSignal: 'SIGKILL',
  ready: (child) =>
    new Promise((resolve) => {
      child.on('message', (message: object) => {
        // The parent hears of the first start only.
        if (!wasUp) sent = sendToParent(message);
        if (!('ready' in message)) return;
        wasUp = true;
        resolve(undefined);
      });
    }),
  onEnd: (how, nextTryMs) => {
    const when = nextTryMs < 1000 ? 'now' : `in ${Math.round(nextTryMs / 1000)} s`;
    process.stderr.write(`The system ended (${how}). It restarts ${when}; work in progress then continues.\n`);
  },
  onNews: (what) => process.stderr.write(`The system ${what}.\n`),
  // Only a signal to this process stops the system. One to the child, such as from a project's program, does not.
  isLast: () => !wasUp,
});

let requested: keyof typeof SIGNAL_CODES | undefined;
onEndSignals(['SIGHUP', 'SIGINT', 'SIGTERM'], (signal) => {
  if (requested) system.signal(signal);
  else system.stop(undefined, signal);
  requested ??= signal;
});

const { code } = await system.ended;
await sent;
exitProcess(code ?? (requested ? SIGNAL_CODES[requested] : 1));
