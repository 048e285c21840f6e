// What each path answers.
import { createHash } from 'node:crypto';
import { indexPage, notFoundPage, postPage, STYLE } from './pages.js';

const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5" fill="#a4452c"/></svg>`;

const SECURITY_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** Makes the request handler of a site. */
export function createApp(site, { release }) {
  const bySlug = new Map(site.posts.map((post) => [post.slug, post]));

  function answer(path) {
    if (path === '/') return [200, HTML, indexPage(site, release)];
    if (path === '/health') return [200, JSON_TYPE, JSON.stringify({ status: 'ok', release })];
    if (path === '/posts') {
      return [200, JSON_TYPE, JSON.stringify(site.posts.map(({ slug, title, body }) => ({ slug, title, body })))];
    }
    if (path === '/icon.svg') return [200, 'image/svg+xml', ICON];
    const post = path.startsWith('/posts/') ? bySlug.get(decode(path.slice('/posts/'.length))) : undefined;
    return post ? [200, HTML, postPage(site, post, release)] : [404, HTML, notFoundPage(site, release)];
  }

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'text/plain; charset=utf-8', 'Only GET and HEAD are answered here.\n', { Allow: 'GET, HEAD' });
      return;
    }
    send(response, ...answer(request.url.split('?', 1)[0]));
  };
}

function send(response, status, type, body, headers = {}) {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-cache',
    ...headers,
  });
  // Ended only once the bytes have left: a stopping server takes an ended answer for a sent one and cuts it off.
  response.write(bytes, () => response.end());
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
