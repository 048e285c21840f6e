import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  diskFault,
  FileError,
  listBelow,
  openLogBelow,
  readFileBelow,
  removeTree,
  SystemFault,
  writeFileBelow,
} from '@codegen/sdk/files';
import { deathSignalPrefix, endTree, identityOf, isSameProcess, type ProcessIdentity } from '@codegen/sdk/processes';
import { isWorkerId } from '../worker-records.js';
import type { OutboxEntry, Runtime, WorkerHandle, WorkerSpec } from './runtime.js';

export interface ProcessRuntimeOptions {
  /** One folder per worker below it. */
  readonly workersDir: string;
  readonly redisUrl: string;
  readonly wrapperCommand: readonly string[];
  /** What every wrapper gets of this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that an agent gets between SIGTERM and SIGKILL at the end of its turn. */
  readonly terminateGraceMs: number;
}

const LOG = 'wrapper.log';
const OUTBOX = 'outbox';
/** No stream takes a longer entry. */
const MOST_RESULT_BYTES = 16 * 1024 * 1024;
const MAX_LOG_BYTES = 5 * 1024 * 1024;
/** Milliseconds that a wrapper gets to say goodbye. */
const GOODBYE_MS = 2000;
/** Whose machine it is, as its operator calls it. */
const MACHINE = 'worker-manager';

/**
 * Workers as child processes on this machine, each in a session and a folder of its own; for agents one trusts. They
 * end when this process does, where the kernel offers that.
 */
export function processRuntime(options: ProcessRuntimeOptions): Runtime {
  const folderOf = (workerId: string) => {
    if (!isWorkerId(workerId)) throw new TypeError(`${JSON.stringify(workerId)} is no worker id`);
    return join(options.workersDir, workerId);
  };
  return {
    outlivesManager: false,
    async prepare(workerId, files) {
      const folder = folderOf(workerId);
      await mkdir(join(folder, 'home'), { recursive: true });
      // A worker could not even begin there.
      const fault = await diskFault(folder);
      if (fault) throw new SystemFault(fault, MACHINE);
      for (const [path, content] of Object.entries(files)) await this.writeFile(workerId, path, content);
    },
    async start(spec, onExit) {
      const folder = folderOf(spec.workerId);
      const prefix = await deathSignalPrefix('SIGTERM');
      const [program, ...args] = [...prefix, ...options.wrapperCommand] as [string, ...string[]];
      const log = await openLogBelow(folder, LOG);
      try {
        const child = spawn(program, args, {
          cwd: folder,
          env: { ...options.environment, WORKER_ID: spec.workerId, ENVIRONMENT_FROM: 'stdin' },
          detached: true,
          stdio: ['pipe', log.fd, log.fd],
        });
        // One that ends before it has read this is told of by its end.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(JSON.stringify(wrapperVariables(spec, folder, options)));
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
    async tidy(workerId) {
      const log = await openLogBelow(folderOf(workerId), LOG);
      try {
        // The wrapper appends, so it goes on at the new end.
        if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate();
      } finally {
        await log.close();
      }
    },
    async writeFile(workerId, path, content) {
      await writeFileBelow(folderOf(workerId), path, content, { mode: 0o644 });
    },
    outbox: (workerId) => readOutbox(folderOf(workerId)),
    async emptyOutbox(workerId) {
      await removeTree(join(folderOf(workerId), OUTBOX));
    },
    async remove(workerId) {
      await removeTree(folderOf(workerId));
    },
    async list() {
      const entries = await readdir(options.workersDir, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory() && isWorkerId(entry.name)).map(({ name }) => name);
    },
  };
}

async function* readOutbox(folder: string): AsyncGenerator<OutboxEntry> {
  const asProblem = (name: string) => (error: unknown) => {
    if (!(error instanceof FileError) || error.problem === 'unavailable') throw error;
    return { name, problem: error.message };
  };
  const names = await listBelow(folder, OUTBOX).catch(asProblem(OUTBOX));
  if (names && 'problem' in names) return yield names;
  for (const name of names ?? []) {
    if (!name.endsWith('.json')) continue;
    const path = `${OUTBOX}/${name}`;
    yield await readFileBelow(folder, path, { mostBytes: MOST_RESULT_BYTES }).then(
      (bytes) => ({ name: path, content: String(bytes) }),
      asProblem(path),
    );
  }
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
function wrapperVariables(spec: WorkerSpec, folder: string, options: ProcessRuntimeOptions): Record<string, string> {
  return {
    REDIS_URL: options.redisUrl,
    WORKER_TYPE: spec.workerType,
    WORKER_DIR: folder,
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
