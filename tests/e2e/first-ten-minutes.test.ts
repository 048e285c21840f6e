import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { Glossary, prints, readSteps } from './support/console-blocks.js';
import { processesIn, root, XDG_CACHE_HOME } from './support/system.js';

const run = promisify(execFile);

// Two people, as the document calls them: the system is Grace's, the tarball Ada's.
let grace: Awaited<ReturnType<typeof tempFolder>>;
let ada: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  [grace, ada] = await Promise.all([tempFolder('codegen-grace'), tempFolder('codegen-ada')]);
  await run(process.execPath, [join(root, 'scripts', 'pack-cli.js'), '--out', ada.path]);
});
afterAll(async () => {
  for (const pid of await processesIn(grace.path)) process.kill(pid, 'SIGKILL');
  await Promise.all([grace?.remove(), ada?.remove()]);
});

it('are as docs/first-ten-minutes.md says, command by command', async () => {
  const steps = readSteps(await readFile(join(root, 'docs', 'first-ten-minutes.md'), 'utf8'));
  expect(steps.length).toBeGreaterThan(15);
  const glossary = new Glossary();
  const system = new FirstTerminal();
  const shell = new SecondTerminal();
  for (const { command, expected } of steps) {
    const translated = glossary
      .translate(command)
      .replaceAll('/home/grace', grace.path)
      .replaceAll('/home/ada', ada.path);
    const print = await (command === 'bin/up'
      ? system.start()
      : command === '^C'
        ? system.interrupt()
        : shell.run(
            translated,
            expected.some((line) => line.startsWith('Error:')),
          ));
    const printed = print.replaceAll(grace.path, '/home/grace').replaceAll(ada.path, '/home/ada').trimEnd().split('\n');
    const said = print === '' ? [] : printed;
    if (!prints(expected, said)) expect(said.join('\n'), `$ ${translated}`).toBe(expected.join('\n'));
    glossary.learn(expected, said);
  }
  expect(await processesIn(grace.path)).toEqual([]);
});

/** Where the system runs, in the foreground. */
class FirstTerminal {
  #child: ReturnType<typeof spawn> | undefined;
  #output = '';

  async start(): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: grace.path, XDG_CACHE_HOME };
    this.#child = spawn(join(root, 'bin', 'up'), { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    await waitFor('the system', () => this.#output.includes('Ctrl-C stops'), { timeoutMs: 120_000 });
    return this.#output;
  }

  async interrupt(): Promise<string> {
    const child = this.#child as ReturnType<typeof spawn>;
    this.#output = '';
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    return this.#output.trimStart();
  }
}

/** Where the commands are typed: variables that were exported stay. */
class SecondTerminal {
  readonly #exports: string[] = [];

  async run(command: string, fails: boolean): Promise<string> {
    if (command.startsWith('export ')) this.#exports.push(command);
    // npm must not ask the registry, whatever the person's own settings are.
    const npm = { npm_config_offline: 'true', npm_config_update_notifier: 'false', npm_config_audit: 'false' };
    const child = spawn('bash', ['-c', ['exec 2>&1', ...this.#exports, command].join('\n')], {
      cwd: ada.path,
      env: { PATH: process.env.PATH, HOME: ada.path, ...npm },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = await once(child, 'close');
    expect(code !== 0, `$ ${command} ended with ${code}:\n${output}`).toBe(fails);
    return output;
  }
}
