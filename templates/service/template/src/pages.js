// The pages. Text from the content is escaped, never trimmed: what was written is what is shown.
import { readFileSync } from 'node:fs';

/** The one style sheet, inlined in every page; the security policy names its hash. */
export const STYLE = readFileSync(new URL('./style.css', import.meta.url), 'utf8');

/** The site: title, intro, every post in full. */
export function indexPage(site, release) {
  const posts = site.posts.map((post, index) => article(post, index));
  return page({
    title: site.title,
    release,
    site,
    header: `<h1 dir="auto">${escape(site.title)}</h1>${site.intro.trim() ? textBlock(site.intro, 'intro') : ''}`,
    main: posts.length > 0 ? posts.join('\n') : EMPTY,
  });
}

/** One post, with ways onward. */
export function postPage(site, post, release) {
  const index = site.posts.indexOf(post);
  return page({
    title: `${post.title} · ${site.title}`,
    release,
    site,
    header: homeLink(site),
    main: `<article class="single">
<h1 dir="auto">${escape(post.title)}</h1>
${textBlock(post.body)}
</article>
${onward(site.posts[index - 1], site.posts[index + 1])}`,
  });
}

/** What any other address answers. */
export function notFoundPage(site, release) {
  return page({
    title: `Not found · ${site.title}`,
    release,
    site,
    header: homeLink(site),
    main: `<div class="quiet">
<h1>There is no such page</h1>
<p>It may have moved, or never have been. <a href="/">Everything that is here</a> is one page away.</p>
</div>`,
  });
}

const EMPTY = `<div class="quiet">
<h2>Nothing written yet</h2>
<p>The shelf is up, the lamp is lit. The first post will stand here.</p>
</div>`;

function article(post, index) {
  return `<article>
<p class="number" aria-hidden="true">${index + 1}</p>
<h2 dir="auto"><a href="/posts/${encodeURIComponent(post.slug)}">${escape(post.title)}</a></h2>
${textBlock(post.body)}
</article>`;
}

function onward(previous, next) {
  if (!previous && !next) return '';
  const link = (post, label) =>
    post
      ? `<a class="${label}" href="/posts/${encodeURIComponent(post.slug)}"><small>${label}</small><span dir="auto">${escape(post.title)}</span></a>`
      : '<i></i>';
  return `<nav aria-label="More posts">${link(previous, 'Previous')}${link(next, 'Next')}</nav>`;
}

function homeLink(site) {
  return `<p class="home" dir="auto"><a href="/">${escape(site.title)}</a></p>`;
}

// Blank lines at either end belong to the text and stay in it; the classes take their height back (see style.css).
function textBlock(text, name = 'body') {
  const above = Math.min(newlines(text.slice(0, text.length - text.trimStart().length)), 4);
  // A newline at the very end draws no line of its own.
  const below = Math.min(Math.max(newlines(text.slice(text.trimEnd().length)) - 1, 0), 4);
  const classes = ['text', name, ...(above > 0 ? [`after-${above}`] : []), ...(below > 0 ? [`before-${below}`] : [])];
  return `<div class="${classes.join(' ')}" dir="auto">${escape(text)}</div>`;
}

function newlines(text) {
  return text.split('\n').length - 1;
}

function page({ title, header, main, site, release }) {
  const count = site.posts.length === 1 ? '1 post' : `${site.posts.length} posts`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<style>${STYLE}</style>
</head>
<body>
<header>${header}</header>
<main>
${main}
</main>
<footer><span>${count}</span><a href="/posts">JSON</a><span>release ${escape(release.slice(0, 12))}</span></footer>
</body>
</html>
`;
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
