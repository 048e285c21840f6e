import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSite, loadSite } from '../src/site.js';

const post = (slug) => ({ slug, title: 'A title', body: '' });

test('broken content is refused, naming the field', () => {
  assert.throws(() => checkSite(null), /title must be a text/);
  assert.throws(() => checkSite({ title: 'T' }), /intro must be a text/);
  assert.throws(() => checkSite({ title: 'T', intro: '', posts: {} }), /posts must be a list/);
  assert.throws(() => checkSite({ title: 'T', intro: '', posts: [{ slug: 'a' }] }), /posts\[0\]\.title/);
  assert.throws(() => checkSite({ title: 'T', intro: '', posts: [post('')] }), /posts\[0\]\.slug is empty/);
  assert.throws(() => checkSite({ title: 'T', intro: '', posts: [post('a'), post('a')] }), /"a" is there twice/);
});

test('the title can be given from outside; an empty one is no title', async () => {
  const { title } = await loadSite();
  assert.equal((await loadSite({ title: 'Another' })).title, 'Another');
  assert.equal((await loadSite({ title: '' })).title, title);
});
