import { spawn } from 'node:child_process';
import { open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { endTree } from './end-tree.js';
import { processEntry } from './process-table.js';
import type { Runtime, WorkerSpec } from './runtime.js';

export interface ProcessRuntimeOptions {
  readonly redisUrl: string;
  readonly wrapperCommand: readonly string[];
  /** What every wrapper gets of this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that an agent gets between SIGTERM and SIGKILL at the end of its turn. */
  readonly terminateGraceMs: number;
}

/** Of util-linux; busybox's knows no --pdeathsig. */
const SETPRIV = 'setpriv';
const LOG = 'wrapper.log';
const MAX_LOG_BYTES = 5 * 1024 * 1024;
/** Milliseconds that a wrapper gets to say goodbye. */
const GOODBYE_MS = 2000;

/**
 * Workers as child processes on this machine, each in a session and a folder of its own; for agents one trusts. They
 * end when this process does, where the kernel offers that.
 */
export function processRuntime(options: ProcessRuntimeOptions): Runtime {
  let prefix: Promise<readonly string[]> | undefined;
  return {
    async start(spec, onExit) {
      prefix ??= diesWithParent();
      const [program, ...args] = [...(await prefix), ...options.wrapperCommand] as [string, ...string[]];
      const log = await open(join(spec.folder, LOG), 'a', 0o600);
      try {
        const child = spawn(program, args, {
          cwd: spec.folder,
          env: wrapperEnvironment(spec, options),
          detached: true,
          stdio: ['ignore', log.fd, log.fd],
        });
        await new Promise<void>((resolve, reject) => {
          child.once('spawn', resolve);
          child.once('error', reject);
        });
        child.once('exit', onExit);
        const pid = child.pid as number;
        return { pid, start_time: (await processEntry(pid))?.startTime ?? 0 };
      } finally {
        await log.close();
      }
    },
    async isAlive({ pid, start_time: startTime }) {
      return (await processEntry(Number(pid)))?.startTime === startTime;
    },
    async end(workerId, handle) {
      const wrapper = handle && (await this.isAlive(handle)) ? Number(handle.pid) : undefined;
      await endTree(workerId, { wrapper, graceMs: GOODBYE_MS });
    },
    async tidy(_workerId, folder) {
      // The wrapper appends, so it goes on at the new end.
      const path = join(folder, LOG);
      if (((await stat(path).catch(() => undefined))?.size ?? 0) > MAX_LOG_BYTES) await truncate(path);
    },
  };
}

/** What starts a command such that the kernel tells it when this process dies; nothing where setpriv cannot do that. */
async function diesWithParent(): Promise<readonly string[]> {
  const prefix = ['--pdeathsig', 'SIGTERM', '--'];
  const tried = await execa(SETPRIV, [...prefix, 'true'], { reject: false, stdio: 'ignore' });
  return tried.exitCode === 0 ? [SETPRIV, ...prefix] : [];
}

function wrapperEnvironment(spec: WorkerSpec, options: ProcessRuntimeOptions): Record<string, string> {
  return {
    ...options.environment,
    REDIS_URL: options.redisUrl,
    WORKER_ID: spec.workerId,
    WORKER_TYPE: spec.workerType,
    WORKER_DIR: spec.folder,
    AGENT: spec.agent.name,
    AGENT_COMMAND: JSON.stringify(spec.agent.command),
    AGENT_ENV: JSON.stringify(spec.agent.env),
    AGENT_SECRET_NAMES: JSON.stringify(spec.agent.secretNames),
    TERMINATE_GRACE_MS: String(options.terminateGraceMs),
    ...(spec.repo && {
      REPO_URL: spec.repo.url,
      REPO_REF: spec.repo.ref,
      REPO_READ_ONLY: String(spec.repo.readOnly),
    }),
  };
}
