import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framedPrompt } from '../support/prompt.js';

interface Site {
  title: string;
  intro: string;
  posts: { slug: string; title: string; body: string }[];
}
interface DemoAgent {
  readPrompt(prompt: Buffer): { spec: string; failure?: string };
  siteFromSpec(spec: string, projectName?: string): Site;
  testFor(site: Site): string;
}

// The program is plain JavaScript, so its types are declared here.
const agent = new URL('../../examples/agents/demo-agent.js', import.meta.url).href;
const { readPrompt, siteFromSpec, testFor } = (await import(agent)) as DemoAgent;

describe('reading the prompt', () => {
  it('cuts the spec by its byte count, whatever it contains', () => {
    const spec =
      'é🐱\r\n\n----- END SPEC -----\nFailure-Bytes: 3\n----- BEGIN FAILURE -----\nSpec-Bytes: 1\n----- BEGIN SPEC -----\n';
    expect(readPrompt(framedPrompt(spec))).toEqual({ spec, failure: undefined });
    expect(readPrompt(framedPrompt(spec, 'not ok 1 – ü'))).toEqual({ spec, failure: 'not ok 1 – ü' });
  });

  it('keeps an empty failure apart from none', () => {
    expect(readPrompt(framedPrompt('x', '')).failure).toBe('');
  });

  it('gives back any spec exactly', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.option(fc.string(), { nil: undefined }),
        (spec, failure) => {
          expect(readPrompt(framedPrompt(spec, failure))).toEqual({ spec, failure });
        },
      ),
    );
  });

  it('refuses a prompt without a spec, and a count that is wrong', () => {
    expect(() => readPrompt(Buffer.from('Build me a blog'))).toThrow(/no spec/);
    const wrong = framedPrompt('abc').toString().replace('Spec-Bytes: 3', 'Spec-Bytes: 2');
    expect(() => readPrompt(Buffer.from(wrong))).toThrow(/Spec-Bytes says 2/);
  });
});

describe('turning a spec into a site', () => {
  it('takes title, intro and posts, each text exact', () => {
    expect(siteFromSpec('# My blog\n\n Hello.\n\n## One\n\nFirst  body\n## Two\nSecond')).toEqual({
      title: 'My blog',
      intro: '\n Hello.\n\n',
      posts: [
        { slug: 'one', title: 'One', body: '\nFirst  body\n' },
        { slug: 'two', title: 'Two', body: 'Second' },
      ],
    });
  });

  it('keeps CRLF in bodies and out of titles', () => {
    const site = siteFromSpec('# T\r\nintro\r\n## One\r\na\r\nb\r\n## Two\r\n');
    expect(site.title).toBe('T');
    expect(site.intro).toBe('intro\r\n');
    expect(site.posts.map((post) => [post.title, post.body])).toEqual([
      ['One', 'a\r\nb\r\n'],
      ['Two', ''],
    ]);
  });

  it('treats headings in fenced blocks as text', () => {
    const fenced = '```md\n## not a post\n~~~\n```` \n```js x\n';
    const site = siteFromSpec(`## One\n${fenced}\n\`\`\`\n## Two\n~~~\n## inside to the end`);
    expect(site.posts.map((post) => post.title)).toEqual(['One', 'Two']);
    expect(site.posts.at(-1)?.body).toBe('~~~\n## inside to the end');
  });

  it('leaves deeper headings, and a later first-level one, in the body', () => {
    const site = siteFromSpec('## One\n### Deeper\n# Not a title\n##not a heading\n #hash\ntext');
    expect(site.posts).toHaveLength(1);
    expect(site.posts[0]?.body).toBe('### Deeper\n# Not a title\n##not a heading\n #hash\ntext');
  });

  it('makes one post of a spec without headings of posts', () => {
    const spec = '# Only a title\r\n\r\nAnd some text that goes on for quite a while, beyond any title.\n';
    const site = siteFromSpec(spec);
    expect(site).toMatchObject({ title: 'Only a title', intro: '' });
    expect(site.posts).toEqual([
      { slug: 'only-a-title-and-some-text-that-goes', title: 'Only a title And some text that goes', body: spec },
    ]);
  });

  it('keeps text before the title in the intro', () => {
    expect(siteFromSpec('Before.\n# T\nAfter.\n## One\n').intro).toBe('Before.\nAfter.\n');
  });

  it.each([
    ['window-seat', 'Window seat'],
    ['', 'A small site'],
  ])('without a title it is called after the project (%j)', (project, title) => {
    expect(siteFromSpec('## One\n', project).title).toBe(title);
  });

  it('gives headings without text a name, and every post its own slug', () => {
    const site = siteFromSpec(
      '##\na\n## \n## Same\n## Same\n## same!\n## Same-2\n## Grüße & Küsse ##\n## 日本語\n## 🐱',
    );
    expect(site.posts.map((post) => post.title)).toEqual([
      ...['Post 1', 'Post 2', 'Same', 'Same', 'same!', 'Same-2', 'Grüße & Küsse', '日本語', '🐱'],
    ]);
    expect(site.posts.map((post) => post.slug)).toEqual([
      ...['post-1', 'post-2', 'same', 'same-2', 'same-3', 'same-2-2', 'gru-e-kusse', 'post-8', 'post-9'],
    ]);
  });

  it('brings any text back exactly through JSON', () => {
    const text = fc.string({ unit: 'binary', maxLength: 80 }).map((raw) => raw.replace(/[#`~]/g, '$'));
    const post = fc.record({ title: fc.stringMatching(/^[a-z]{1,9}$/), body: text });
    fc.assert(
      fc.property(
        text,
        fc.array(post, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        (intro, posts, eol) => {
          const closed = (part: string) => `${part}${eol}`;
          const spec = `# Title${eol}${closed(intro)}${posts.map(({ title, body }) => `## ${title}${eol}${closed(body)}`).join('')}`;
          const site = JSON.parse(JSON.stringify(siteFromSpec(spec))) as Site;
          expect(site.intro).toBe(closed(intro));
          expect(site.posts.map(({ title, body }) => ({ title, body }))).toEqual(
            posts.map(({ title, body }) => ({ title, body: closed(body) })),
          );
        },
      ),
    );
  });

  it('loses no character of any spec', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('# a', '## b', '##', 'text', '', '```', '~~~', ' ## c ##', '### d', '\t'), {
          maxLength: 12,
        }),
        (lines) => {
          const spec = lines.join('\n');
          const { posts } = siteFromSpec(spec);
          const last = posts.at(-1);
          expect(last && spec.endsWith(last.body)).toBe(true);
          expect(new Set(posts.map(({ slug }) => slug)).size).toBe(posts.length);
          let at = 0;
          for (const { body } of posts) {
            at = spec.indexOf(body, at);
            expect(at).toBeGreaterThanOrEqual(0);
            at += body.length;
          }
        },
      ),
    );
  });
});

it('the test it writes holds any title, and names every post', () => {
  const source = testFor(siteFromSpec('# `\u0024{x}` "q" \u2028 </script>\n## One\nbody'));
  expect(source).toContain('"slug": "one"');
  expect(source).toContain(JSON.stringify('`\u0024{x}` "q" \u2028 </script>'));
});
