import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { createApp } from '../src/app.js';
import { loadSite } from '../src/site.js';

const site = {
  title: 'Tea & <Biscuits>',
  intro: '\n  Two lines,\n    kept apart.\n',
  posts: [
    { slug: 'inert', title: '<script>alert(1)</script>', body: '\r\n<script>alert("x")</script>\n\tindented  twice\n\n' },
    { slug: 'grüße', title: 'Grüße', body: '' },
  ],
};

const server = createServer(createApp(site, { release: 'r1' }));
let origin;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

const get = async (path, options) => {
  const response = await fetch(origin + path, options);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

test('health names the release', async () => {
  const { status, text } = await get('/health');
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), { status: 'ok', release: 'r1' });
});

test('the posts come back to the character', async () => {
  const { headers, text } = await get('/posts');
  assert.match(headers.get('content-type'), /^application\/json/);
  assert.deepEqual(JSON.parse(text), site.posts);
});

test('the site shows title, intro and posts, with whitespace kept and markup inert', async () => {
  const { text } = await get('/');
  assert.match(text, /<h1[^>]*>Tea &amp; &lt;Biscuits&gt;<\/h1>/);
  assert.ok(text.includes(site.intro));
  assert.ok(text.includes('\r\n&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\n\tindented  twice\n\n'));
  assert.ok(!/<script/i.test(text));
});

test('every post has a page of its own', async () => {
  const { status, text } = await get('/posts/gr%C3%BC%C3%9Fe');
  assert.equal(status, 200);
  assert.match(text, /<h1 dir="auto">Grüße<\/h1>/);
  assert.match(text, /href="\/posts\/inert"/);
});

test('a site without posts says so kindly', async () => {
  const empty = createServer(createApp({ title: 'New', intro: '', posts: [] }, { release: 'r1' }));
  await once(empty.listen(0, '127.0.0.1'), 'listening');
  const response = await fetch(`http://127.0.0.1:${empty.address().port}/`);
  assert.match(await response.text(), /Nothing written yet/);
  empty.close();
});

test('any other address is a page that leads home', async () => {
  for (const path of ['/nowhere', '/posts/', '/posts/nowhere', '/posts/%E0%A4%A', '/posts/inert/', '//', '/../src/app.js']) {
    const { status, text } = await get(path);
    assert.equal(status, 404, path);
    assert.match(text, /href="\/"/);
  }
});

test('HEAD answers like GET, without the body', async () => {
  for (const path of ['/', '/posts', '/health', '/posts/inert', '/nowhere']) {
    const [head, full] = [await get(path, { method: 'HEAD' }), await get(path)];
    assert.equal(head.status, full.status);
    assert.equal(head.text, '');
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(full.text)));
  }
});

test('other methods are refused', async () => {
  const { status, headers } = await get('/posts', { method: 'POST', body: '{}' });
  assert.equal(status, 405);
  assert.equal(headers.get('allow'), 'GET, HEAD');
});

test('every answer carries the security headers, and the style matches its hash', async () => {
  for (const path of ['/', '/posts', '/health', '/posts/inert', '/nowhere', '/icon.svg']) {
    const { headers } = await get(path);
    assert.match(headers.get('content-security-policy'), /default-src 'none'; style-src 'sha256-[\w+/]{43}='/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
  }
  const { headers, text } = await get('/');
  const style = /<style>([^]*?)<\/style>/.exec(text)[1];
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(style))).toString('base64');
  assert.ok(headers.get('content-security-policy').includes(`'sha256-${hash}'`));
});

test('a query does not change what is found, and a strange request target is not found', async () => {
  assert.equal((await get('/health?x=/posts')).status, 200);
  const strange = request(origin, { path: 'http://elsewhere/health' });
  strange.end();
  const [response] = await once(strange, 'response');
  response.resume();
  assert.equal(response.statusCode, 404);
});

test('the content of this project is served, every post exactly', async () => {
  const content = await loadSite();
  const own = createServer(createApp(content, { release: 'r1' }));
  await once(own.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${own.address().port}`;
  const posts = await (await fetch(`${origin}/posts`)).json();
  assert.deepEqual(posts, content.posts);
  for (const { slug } of posts) {
    assert.equal((await fetch(`${origin}/posts/${encodeURIComponent(slug)}`)).status, 200);
  }
  own.closeAllConnections();
  own.close();
});
