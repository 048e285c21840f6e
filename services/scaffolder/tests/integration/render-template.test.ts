import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { templateDrawer } from '../../src/draw-template.js';
import { type Answers, completeAnswers, readTemplate } from '../../src/read-template.js';
import { renderTemplate } from '../../src/render-template.js';
import { runCopier } from '../../src/run-copier.js';
import { findCopier } from '../support/copier.js';
import { treeOf } from '../support/tree.js';

const SERVICE_TEMPLATE = fileURLToPath(new URL('../../../../templates/service', import.meta.url));
const copier = findCopier();
const without = copier || process.env.CI ? '' : ' (skipped: Copier is not installed; try pip install copier)';

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeEach(async () => {
  folder = await tempFolder('codegen-render');
});
afterEach(() => folder.remove());

async function template(files: Record<string, string | Buffer>, settings = '_subdirectory: template\n') {
  const path = join(folder.path, 'template');
  const all = {
    'copier.yml': `${settings}project_name: thing\nmodules:\n  type: str\n  multiselect: true\n  choices: [backend, docs]\n  default: [backend]\ndescription: ""\n`,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

/** Draws with the built-in renderer. */
async function draw(path: string, answers: Answers = {}) {
  const destination = join(folder.path, `drawn-${Math.random()}`);
  await templateDrawer({ templateDir: path, copier: false, logger: console })(answers, destination);
  return treeOf(destination);
}

const ANSWERS: Answers = {
  project_name: 'window-seat',
  modules: ['backend'],
  description: 'Écrits & "notes" <b> \'n 🐱 \u2028\u0085\u007f {{ project_name }} \\ back\nsecond line',
};

const TRICKY: Record<string, string | Buffer> = {
  'template/{{ project_name }}/{{ project_name }}.txt.jinja': 'Name: {{ project_name }}\n',
  'template/{{ project_name }}-plain.txt': 'not rendered: {{ project_name }} {% if %}\n',
  "template/{% if 'docs' in modules %}docs{% endif %}/index.md": 'left out\n',
  "template/{% if 'backend' in modules %}backend{% endif %}/index.md.jinja": 'there\n',
  "template/{% if description == '' %}empty.txt{% endif %}.jinja": 'left out\n',
  'template/no-newline.jinja': '{{ description }}',
  'template/newlines.jinja': '\n\n{% if description %}\n{{ description }}\n{% endif %}\n\n',
  'template/trimmed.jinja': 'a\n{%- if modules %}\n  b\n{%- endif %}\n  {#- a comment -#}\n c\n',
  'template/loop.jinja': '{% for module in modules %}{{ loop.index }}: {{ module | upper }}\n{% endfor %}',
  'template/raw.jinja': '{% raw %}{{ kept }} \u0024{{ x }}{% endraw %} {{ project_name }}\n',
  'template/json.jinja': '{{ description | tojson }} {{ modules | tojson }} {{ project_name | tojson }}\n',
  'template/filters.jinja':
    "{{ project_name | replace('-', ' ') | capitalize }} {{ modules | join(', ') }} {{ modules | length }}\n",
  'template/crlf.txt.jinja': 'one {{ project_name }}\r\ntwo\r\n',
  'template/crlf-plain.txt': 'one\r\ntwo\r\n',
  'template/empty.txt': '',
  'template/empty-too.txt.jinja': '',
  'template/unicode – ü.txt.jinja': 'ü {{ project_name }} 🐱\u2028\n',
  'template/binary.bin': Buffer.from([0, 255, 254, 13, 10, 128, 123, 123]),
  'template/bom.txt.jinja': '\uFEFF{{ project_name }}\n',
  'template/copier.yml': 'an ordinary file here\n',
  'template/.hidden/deep/file.jinja': '{{ project_name }}\n',
  'template/run.sh.jinja': '#!/bin/sh\necho {{ project_name }}\n',
};

describe('the built-in renderer and Copier', () => {
  const compare = async (path: string, answers: Answers) => {
    if (!copier) throw new Error('Copier is missing; bin/test installs it. Try: bin/set-up copier');
    const [ours, theirs] = [join(folder.path, 'ours'), join(folder.path, 'theirs')];
    const read = await readTemplate(path);
    const complete = completeAnswers(read, answers);
    await mkdir(ours);
    await renderTemplate(read, complete, ours);
    expect(await runCopier(copier, { template: read, answers: complete, destination: theirs })).toBe(true);
    const tree = await treeOf(ours);
    expect(tree).toEqual(await treeOf(theirs));
    return tree;
  };

  it.skipIf(without)(`draw the same bytes from the service template${without}`, async () => {
    const tree = await compare(SERVICE_TEMPLATE, { ...ANSWERS, description: 'Notes & "tea" <b> 🐱' });
    expect(Object.keys(tree)).toContain('.github/workflows/ci.yml');
  });

  it.skipIf(without)(`draw the same bytes from a template full of traps${without}`, async () => {
    const path = await template(TRICKY);
    await chmod(join(path, 'template/run.sh.jinja'), 0o755);
    const tree = await compare(path, ANSWERS);
    expect(Object.keys(tree)).not.toContain('docs/index.md');
    expect(tree['run.sh']).toBe('x #!/bin/sh\necho window-seat\n');
  });

  it.skipIf(without)(`draw the same bytes from a template without a subdirectory${without}`, async () => {
    const path = await template({ 'a.txt.jinja': '{{ project_name }}', 'copier.yaml.txt': 'kept' }, '');
    expect(Object.keys(await compare(path, ANSWERS))).toEqual(['a.txt', 'copier.yaml.txt']);
  });
});

it('Copier shows no secret of the environment it was started in', async () => {
  const program = join(folder.path, 'copier');
  const seen = join(folder.path, 'seen');
  await writeFile(program, `#!/bin/sh\nenv > "${seen}"\n`, { mode: 0o755 });
  vi.stubEnv('API_TOKEN', 'cgk_secret');
  try {
    const read = await readTemplate(SERVICE_TEMPLATE);
    expect(await runCopier(program, { template: read, answers: ANSWERS, destination: join(folder.path, 'x') })).toBe(
      true,
    );
  } finally {
    vi.unstubAllEnvs();
  }
  expect(await readFile(seen, 'utf8')).toContain('PYTHONDONTWRITEBYTECODE=1');
  expect(await readFile(seen, 'utf8')).not.toContain('cgk_secret');
});

describe('the built-in renderer', () => {
  it('renders names and contents, copies the rest as it is, and keeps executable bits', async () => {
    const path = await template(TRICKY);
    await chmod(join(path, 'template/run.sh.jinja'), 0o755);
    const tree = await draw(path, ANSWERS);
    expect(tree['window-seat/window-seat.txt']).toBe('- Name: window-seat\n');
    expect(tree['window-seat-plain.txt']).toBe('- not rendered: {{ project_name }} {% if %}\n');
    expect(tree['no-newline']).toBe(`- ${ANSWERS.description}`);
    expect(tree['run.sh']).toBe('x #!/bin/sh\necho window-seat\n');
    expect(tree['crlf-plain.txt']).toBe('- one\r\ntwo\r\n');
    expect(tree['binary.bin']).toMatch(/^- [0-9a-f]{64}$/);
    expect(Object.keys(tree).filter((name) => /docs|empty.txt.+|jinja/.test(name))).toEqual([]);
  });

  it('refuses an unknown variable, naming the file', async () => {
    const path = await template({ 'template/a.txt.jinja': 'Hello {{ nobody }}' });
    await expect(draw(path)).rejects.toThrow(/a\.txt\.jinja cannot be rendered/);
  });

  it('refuses what only Copier understands, naming it', async () => {
    const path = await template({}, '_tasks: ["rm -rf /"]\n_subdirectory: template\n');
    await expect(draw(path)).rejects.toThrow(/uses _tasks, which only Copier understands/);
  });

  it('refuses a name that would leave the folder', async () => {
    const path = await template({ 'template/{{ description }}.txt': 'x' });
    await expect(draw(path, { description: '../../out' })).rejects.toThrow(/outside of its folder/);
  });

  it('refuses an answer that is no choice, and a folder that is no template', async () => {
    const path = await template({});
    await expect(draw(path, { modules: ['backend', 'rockets'] })).rejects.toThrow(
      'The template has no modules "rockets". Try: backend, docs.',
    );
    await expect(draw(folder.path)).rejects.toThrow(/not a Copier template/);
  });

  it('stands in for a Copier that is missing or broken', async () => {
    const path = await template({ 'template/a.txt.jinja': '{{ project_name }}' });
    const broken = join(folder.path, 'broken-copier');
    await writeFile(broken, '#!/bin/sh\necho "no module named copier" >&2\nexit 1\n', { mode: 0o755 });
    const warnings: string[] = [];
    const logger = { ...console, warn: (_: object, message: string) => void warnings.push(message) };
    for (const [index, program] of ['/nowhere/copier', broken].entries()) {
      const destination = join(folder.path, `stand-in-${index}`);
      await templateDrawer({ templateDir: path, copier: program, logger })({}, destination);
      expect(await readFile(join(destination, 'a.txt'), 'utf8')).toBe('thing');
    }
    expect(warnings).toEqual(['Copier failed; drawing with the built-in renderer']);
  });
});
