import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A unit's lines by their names, with the instance put in. */
type Unit = Map<string, string[]>;

const LONGEST_STOP_MS = 60_000;

/**
 * Runs units as systemd does, as far as they say how a process is started and ended: ExecStart, the environment, the order, KillMode,
 * the time to stop. Accounts and sandboxes are left to systemd, which a test machine does not run.
 */
export class Units {
  readonly processes = new Map<string, ChildProcess>();
  /** What each process has written. */
  readonly logs = new Map<string, string>();

  constructor(readonly folder: string) {}

  /** A command line of systemctl. */
  async systemctl(words: readonly string[]): Promise<void> {
    const [verb, ...rest] = words.filter((word) => !word.startsWith('--'));
    if (verb === 'daemon-reload') return;
    const names = rest.flatMap((name) => this.#members(name));
    const isAfter = (one: string, other: string) =>
      this.#load(one).get('After')?.join(' ').split(' ').includes(other) ?? false;
    // Side by side, but for those that one says it is started after: it is stopped before them.
    const stops = new Map<string, Promise<void>>();
    const stop = (name: string): Promise<void> => {
      const later = names.filter((one) => isAfter(one, name));
      const stopping = stops.get(name) ?? Promise.all(later.map(stop)).then(() => this.#stop(name));
      stops.set(name, stopping);
      return stopping;
    };
    if (verb === 'stop' || verb === 'restart') await Promise.all(names.map(stop));
    // None of them is waited for, so that in which order they are started is all the same.
    if (verb === 'enable' || verb === 'start' || verb === 'restart') for (const name of names) this.#start(name);
  }

  /** Ends all that runs, at the end of a test. */
  async kill(): Promise<void> {
    for (const child of this.processes.values()) child.kill('SIGTERM');
    for (const child of this.processes.values()) {
      if (await Promise.race([ended(child), sleep(5000, 'late', { ref: false })])) child.kill('SIGKILL');
    }
  }

  #members(name: string): string[] {
    if (!name.endsWith('.target')) return [name.endsWith('.service') ? name : `${name}.service`];
    return this.#load(name).get('Wants') ?? [];
  }

  #load(name: string): Unit {
    const [, prefix, instance = ''] = /^([^@]+@)(.+)\.service$/.exec(name) ?? [];
    const file = join(this.folder, prefix ? `${prefix}.service` : name);
    if (!existsSync(file)) throw new Error(`there is no unit ${name}`);
    const unit: Unit = new Map();
    for (const line of readFileSync(file, 'utf8').replaceAll('%i', instance).split('\n')) {
      const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key) unit.set(key, [...(unit.get(key) ?? []), value]);
    }
    return unit;
  }

  #start(name: string): void {
    const unit = this.#load(name);
    const file = readFileSync(unit.get('EnvironmentFile')?.[0] as string, 'utf8');
    const pairs = [
      ...[...file.matchAll(/^(\w+)='(.*)'$/gm)].map(([, key, value]) => [key as string, value as string]),
      ...(unit.get('Environment') ?? []).map((line) => line.split('=')),
    ];
    const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', ...(unit.get('ExecStart')?.[0] ?? '').split(' ')], {
      cwd: unit.get('WorkingDirectory')?.[0],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...Object.fromEntries(pairs) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.logs.set(name, `${this.logs.get(name) ?? ''}${text}`);
    });
    this.processes.set(name, child);
  }

  async #stop(name: string): Promise<void> {
    const child = this.processes.get(name);
    if (!child) return;
    this.processes.delete(name);
    if (this.#load(name).get('KillMode')?.[0] !== 'mixed')
      throw new Error(`${name} would have its agents killed at once`);
    const limitMs = Math.min(LONGEST_STOP_MS, Number(this.#load(name).get('TimeoutStopSec')?.[0]) * 1000);
    child.kill('SIGTERM');
    if (await Promise.race([ended(child), sleep(limitMs, 'late', { ref: false })])) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not stop: ${this.logs.get(name)?.slice(-2000)}`);
    }
    // As systemd has it: one that had not begun to listen for signals ends in good order by this one.
    if (child.exitCode !== 0 && child.signalCode !== 'SIGTERM')
      throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}: ${this.logs.get(name)?.slice(-2000)}`);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
