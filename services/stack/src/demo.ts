import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MAX_SPEC_BYTES } from '@codegen/contracts';
import { readRegularFile } from '@codegen/sdk/files';
import { exitProcess, onEndSignals } from '@codegen/sdk/processes';
import { messageOf } from '@codegen/sdk/text';
import { closingCard, type DemoResult, printable } from './demo-card.js';
import { endProcesses } from './end-processes.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** The bundled command line, which bin/set-up builds. */
const cli = join(root, 'packages', 'orchestrator-cli', 'dist', 'package', 'bin', 'orchestrator.cjs');

/** An error that the user can fix: printed without a stack. */
class DemoError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

// preparing → running → (kept | stopping) → ended. A signal goes to stopping from anywhere; further ones change nothing.
async function main(): Promise<number> {
  const options = await readOptions();
  const interrupted = new AbortController();
  let signalExitCode = 0;
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  onEndSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
    signalExitCode ||= codes[signal];
    interrupted.abort();
  });
  const home = await mkdtemp(join(tmpdir(), 'codegen-demo-'));
  const demo = new Demo(home, interrupted.signal);
  try {
    const result = await demo.run(options.spec);
    process.stdout.write(closingCard(result, options.keep ? { home, pid: demo.stackPid } : undefined));
    if (options.keep) {
      demo.leave();
      return 0;
    }
    await demo.stop();
    return 0;
  } catch (error) {
    await demo.stop();
    // bin/demo prints that everything has stopped, whenever the signal came.
    if (signalExitCode !== 0) return signalExitCode;
    if (!(error instanceof DemoError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    return error.exitCode;
  }
}

class Demo {
  private readonly environment: NodeJS.ProcessEnv;
  private readonly data: string;
  private stack: ReturnType<typeof spawn> | undefined;

  constructor(
    private readonly home: string,
    private readonly signal: AbortSignal,
  ) {
    this.data = join(home, 'data');
    const clean = Object.entries(process.env).filter(([name]) => !/^(ORCHESTRATOR_|ALLOWED_COMMANDS$)/.test(name));
    this.environment = { ...Object.fromEntries(clean), ORCHESTRATOR_CONFIG_DIR: join(home, 'config') };
  }

  get stackPid(): number {
    return this.stack?.pid ?? 0;
  }

  /** The main job, through the real CLI. */
  async run(spec: readonly string[]): Promise<DemoResult> {
    const phases: DemoResult['phases'] = [];
    const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const startedMs = performance.now();
      const value = await work();
      phases.push({ name, seconds: (performance.now() - startedMs) / 1000 });
      return value;
    };
    process.stdout.write('Starting the system in temporary folders …\n');
    await phase('start the system', () => this.startStack());
    const sentenceMs = performance.now();
    await phase('create the project', () => this.cli(['project', 'create', '--name', 'blog', '--modules', 'backend']));
    await phase('engineering', () => this.cli(['engineering', 'start', '--project', 'blog', ...spec, '--wait']));
    await phase('deploy', () => this.cli(['deploy', 'start', '--project', 'blog', '--wait']));
    const url = await this.deployedUrl();
    const posts = await phase('fetch the page', () => this.fetchPosts(url));
    const sentenceToUrl = (performance.now() - sentenceMs) / 1000;
    const { repository_url } = await this.answer<{ repository_url: string }>(['project', 'get', 'blog']);
    const log = await this.output('git', [`--git-dir=${fileURLToPath(repository_url)}`, 'log', '--oneline', 'main']);
    return { url, titles: posts.map((post) => post.title), phases, sentenceToUrl, log: log.trim().split('\n') };
  }

  private async startStack(): Promise<void> {
    // Below the ports of outgoing connections.
    const ports = 20_000 + Math.floor(Math.random() * 12_000);
    const args = ['--data-dir', this.data, '--login', '--deploy-ports', `${ports}-${ports + 99}`];
    const main = join(root, 'services', 'stack', 'dist', 'main.js');
    // A separate group, so that Ctrl-C reaches only this process, which stops the system in order.
    const stack = spawn(process.execPath, [main, ...args], {
      cwd: this.home,
      env: this.environment,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.stack = stack;
    const errors: string[] = [];
    stack.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    const ready = once(stack, 'message', { signal: this.signal });
    const ended = once(stack, 'exit', { signal: this.signal }).then(() => {
      throw new DemoError(`The system did not start. ${errors.join('').trim()}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ready, ended]);
  }

  /** Runs the CLI as a person would, in this terminal. */
  private async cli(args: readonly string[]): Promise<void> {
    process.stdout.write(`\n$ orchestrator ${args.map(shellWord).join(' ')}\n`);
    const child = spawn(process.execPath, [cli, ...args], { env: this.environment, stdio: 'inherit' });
    const stop = () => child.kill('SIGINT');
    this.signal.addEventListener('abort', stop, { once: true });
    const [code] = (await once(child, 'close')) as [number | null];
    this.signal.removeEventListener('abort', stop);
    this.signal.throwIfAborted();
    if (code !== 0)
      throw new DemoError(`The demo failed: orchestrator ${args[0]} ${args[1]} exited with ${code}.`, code ?? 1);
  }

  private async output(command: string, args: readonly string[]): Promise<string> {
    const child = spawn(command, args, { env: this.environment, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    this.signal.throwIfAborted();
    if (code !== 0) throw new DemoError(`${command} ${args.join(' ')} exited with ${code}.`);
    return Buffer.concat(chunks).toString();
  }

  private async answer<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.output(process.execPath, [cli, ...args, '--json'])).data as T;
  }

  private async deployedUrl(): Promise<string> {
    type Tasks = { items: { type: string; result: { deployed_url?: string } | null }[] };
    const { items } = await this.answer<Tasks>(['task', 'list', '--project', 'blog']);
    const url = items.find((task) => task.type === 'deploy')?.result?.deployed_url;
    if (!url) throw new DemoError('The deploy ended without a URL.');
    return url;
  }

  private async fetchPosts(url: string): Promise<{ title: string; body: string }[]> {
    const response = await fetch(`${url}/posts`, { signal: this.signal });
    if (!response.ok) throw new DemoError(`${url}/posts answered ${response.status}.`);
    const posts = (await response.json()) as { title: string; body: string }[];
    process.stdout.write(`\n$ curl ${url}/posts\n`);
    for (const post of posts.slice(0, 10)) {
      process.stdout.write(`  ${printable(post.title, 60)}\n    ${printable(post.body, 68)}\n`);
    }
    if (posts.length > 10) process.stdout.write(`  … and ${posts.length - 10} more\n`);
    return posts;
  }

  /** Detaches the system, so that it goes on without this process. */
  leave(): void {
    this.stack?.disconnect();
    this.stack?.unref();
    this.stack?.stderr?.destroy();
  }

  /** Stops everything that was started, at any stage, and removes its folders. */
  async stop(): Promise<void> {
    const stack = this.stack;
    if (stack?.pid && stack.exitCode === null && stack.signalCode === null) {
      const ended = once(stack, 'exit');
      stack.kill('SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), sleep(20_000, false, { ref: false })]);
      if (!inTime) {
        stack.kill('SIGKILL');
        await ended;
      }
    }
    // Processes that survived a killed stack have this demo's folder in their environment or as working folder.
    await endProcesses(this.home);
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function readOptions(): Promise<{ keep: boolean; spec: string[] }> {
  const { values } = parse();
  if (values.spec !== undefined && values['spec-file'] !== undefined) {
    throw new DemoError(`--spec and --spec-file exclude each other: use one of them.\nTry: bin/demo --help`, 2);
  }
  const options = { keep: !!values.keep };
  if (values.spec !== undefined) {
    checkSpec(values.spec);
    return { ...options, spec: ['--spec', values.spec] };
  }
  const file = resolve(values['spec-file'] ?? join(root, 'examples', 'blog', 'spec.md'));
  checkSpec(await readSpec(file));
  // Print the example's path as short as a person would type it.
  const shown = values['spec-file'] === undefined && process.cwd() === root ? 'examples/blog/spec.md' : file;
  return { ...options, spec: ['--spec-file', shown] };
}

async function readSpec(file: string): Promise<string> {
  const again = 'Try: bin/demo --spec-file examples/blog/spec.md';
  try {
    const bytes = await readRegularFile(file, { mostBytes: MAX_SPEC_BYTES, links: 'follow' });
    if (bytes) return bytes.toString();
  } catch (error) {
    throw new DemoError(`${messageOf(error)}\n${again}`, 2);
  }
  throw new DemoError(`${file} cannot be read: there is no such file.\n${again}`, 2);
}

/** Checks the spec before the system starts, as the system would. */
function checkSpec(spec: string): void {
  if (spec.trim() === '') throw new DemoError('The spec is empty.\nTry: bin/demo --spec "A page about the sea"', 2);
  if (Buffer.byteLength(spec) <= MAX_SPEC_BYTES) return;
  throw new DemoError(`The spec is larger than ${MAX_SPEC_BYTES} bytes.\nTry: a shorter one`, 2);
}

function parse() {
  try {
    return parseArgs({
      options: {
        spec: { type: 'string' },
        'spec-file': { type: 'string' },
        keep: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new DemoError(`${messageOf(error)}\nTry: bin/demo --help`, 2);
  }
}

function shellWord(text: string): string {
  const short = printable(text, 60);
  return /^[\w./=-]+$/.test(short) ? short : `'${short.replaceAll("'", `'\\''`)}'`;
}

main().then(
  (code) => exitProcess(code),
  (error: unknown) => {
    const known = error instanceof DemoError;
    process.stderr.write(
      `${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(known ? error.exitCode : 1);
  },
);
