import { spawn } from 'node:child_process';
import { openLogBelow } from '@codegen/sdk/files';
import { deathSignalPrefix, endTree, identityOf, isSameProcess, type ProcessIdentity } from '@codegen/sdk/processes';
import type { Runtime, WorkerHandle, WorkerSpec } from './runtime.js';

export interface ProcessRuntimeOptions {
  readonly redisUrl: string;
  readonly wrapperCommand: readonly string[];
  /** What every wrapper gets of this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that an agent gets between SIGTERM and SIGKILL at the end of its turn. */
  readonly terminateGraceMs: number;
}

const LOG = 'wrapper.log';
const MAX_LOG_BYTES = 5 * 1024 * 1024;
/** Milliseconds that a wrapper gets to say goodbye. */
const GOODBYE_MS = 2000;

/**
 * Workers as child processes on this machine, each in a session and a folder of its own; for agents one trusts. They
 * end when this process does, where the kernel offers that.
 */
export function processRuntime(options: ProcessRuntimeOptions): Runtime {
  return {
    async start(spec, onExit) {
      const prefix = await deathSignalPrefix('SIGTERM');
      const [program, ...args] = [...prefix, ...options.wrapperCommand] as [string, ...string[]];
      const log = await openLogBelow(spec.folder, LOG);
      try {
        const child = spawn(program, args, {
          cwd: spec.folder,
          env: { ...options.environment, WORKER_ID: spec.workerId, ENVIRONMENT_FROM: 'stdin' },
          detached: true,
          stdio: ['pipe', log.fd, log.fd],
        });
        // One that ends before it has read this is told of by its end.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(JSON.stringify(wrapperVariables(spec, options)));
        await new Promise<void>((resolve, reject) => {
          child.once('spawn', resolve);
          child.once('error', reject);
        });
        child.once('exit', onExit);
        const { pid, startTime, bootId } = identityOf(child.pid as number);
        return { pid, start_time: startTime, boot_id: bootId };
      } finally {
        await log.close();
      }
    },
    async isAlive(handle) {
      return isSameProcess(wrapperOf(handle));
    },
    async end(workerId, handle) {
      const wrapper = handle && (await this.isAlive(handle)) ? wrapperOf(handle) : undefined;
      const tree = { leaders: wrapper ? [wrapper] : [], markers: markersOf(workerId) };
      // The wrapper alone is asked, so that it can end its agent and say goodbye.
      await endTree(tree, { graceMs: wrapper ? GOODBYE_MS : 0, ask: wrapper?.pid });
    },
    async tidy(_workerId, folder) {
      const log = await openLogBelow(folder, LOG);
      try {
        // The wrapper appends, so it goes on at the new end.
        if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate();
      } finally {
        await log.close();
      }
    },
  };
}

function wrapperOf({ pid, start_time: startTime, boot_id: bootId }: WorkerHandle): ProcessIdentity {
  return { pid: Number(pid), startTime: String(startTime), bootId: String(bootId) };
}

/** What a worker's wrapper, git, the agent and all that these leave behind carry in their environments. */
function markersOf(workerId: string) {
  return {
    WORKER_ID: (value: string) => value === workerId,
    AGENT_RUN_ID: (value: string) => value.startsWith(`${workerId}/`),
  };
}

/** For its standard input: its agent runs as the same user, and could read its environment. */
function wrapperVariables(spec: WorkerSpec, options: ProcessRuntimeOptions): Record<string, string> {
  return {
    REDIS_URL: options.redisUrl,
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
