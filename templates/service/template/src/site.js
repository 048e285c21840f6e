// The content of the site: content/site.json, or the file that SITE_FILE names, checked once at the start, so that a broken file never serves half a page.
import { readFile } from 'node:fs/promises';

const CONTENT = new URL('../content/site.json', import.meta.url);

/** Reads and checks the content. A `title` given here wins over the one in the file. */
export async function loadSite({ title, file = CONTENT } = {}) {
  const site = checkSite(JSON.parse(await readFile(file, 'utf8')));
  return title ? { ...site, title } : site;
}

/** Returns the site, or throws an error that names the field that is wrong. */
export function checkSite(site) {
  text(site?.title, 'title');
  text(site.intro, 'intro');
  if (!Array.isArray(site.posts)) throw new TypeError('posts must be a list');
  const slugs = new Set();
  for (const [index, post] of site.posts.entries()) {
    text(post?.slug, `posts[${index}].slug`);
    text(post.title, `posts[${index}].title`);
    text(post.body, `posts[${index}].body`);
    if (!post.slug) throw new TypeError(`posts[${index}].slug is empty`);
    if (slugs.has(post.slug)) throw new TypeError(`posts[${index}].slug "${post.slug}" is there twice`);
    slugs.add(post.slug);
  }
  return site;
}

function text(value, name) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a text`);
}
