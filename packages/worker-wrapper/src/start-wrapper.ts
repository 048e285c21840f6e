import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DeveloperWorkerOutput,
  developerWorkerOutput,
  poOutput,
  poWorkerOutput,
  type WorkerInput,
  type WorkerLifecycleEvent,
  workerInputs,
  workerLifecycle,
} from '@codegen/contracts';
import { MOST_RESPOND_BYTES } from '@codegen/sdk';
import { type RunningService, runConsumer } from '@codegen/sdk/consumer';
import { systemFault } from '@codegen/sdk/files';
import { backoffMs, connectRedis, type Logger, publish, reportProgress } from '@codegen/sdk/queue';
import { Redactor, textOf } from '@codegen/sdk/text';
import { chooseAgent } from './agents/choose-agent.js';
import { cleanText } from './clean-text.js';
import type { WrapperConfig } from './config.js';
import { LogShipper } from './log-shipper.js';
import { Outbox, type TurnRecord } from './outbox.js';
import { ProgressThrottle } from './progress.js';
import { NobodyListensError, openRespondSocket } from './respond-socket.js';
import { runTurn, type TurnDeps } from './run-turn.js';
import { giveSignOfLife } from './sign-of-life.js';
import { MACHINE, Workspace } from './workspace.js';

/** Milliseconds that the last word to Redis may take: whoever ends a worker waits for it. */
const GOODBYE_MS = 500;

/**
 * Runs a worker: one turn after the other from its input stream, until it is stopped. `done` rejects where it cannot
 * go on. States of a turn: read → (already answered: answered again) or run → kept in the outbox → published →
 * acknowledged. A turn that is cut short by `stop` stays pending: worker-manager answers it.
 */
export async function startWrapper(
  config: WrapperConfig,
  ownLogger: Logger,
): Promise<RunningService & { done: Promise<void> }> {
  const { workerId, workerDir, workerType } = config;
  const adapter = chooseAgent(config.agent);
  for (const name of ['repo', 'home', 'tmp']) await mkdir(join(workerDir, name), { recursive: true });
  const ending = new AbortController();
  const { signal } = ending;
  const redis = connectRedis(config.redisUrl, { name: workerId, logger: ownLogger });
  const redactor = new Redactor(config.agent.secretNames.map((name) => config.agent.env[name]));
  const log = new LogShipper({ redis, workerId, redactor });
  const logger = log.beside(ownLogger);
  const sign = giveSignOfLife(redis, workerId);
  const outbox = new Outbox({ workerDir, workerId, workerType, redis, logger, signal });
  const workspace =
    config.repo &&
    new Workspace({
      folder: join(workerDir, 'repo'),
      ownFolder: join(workerDir, 'git'),
      repo: config.repo,
      path: config.path,
      workerId,
      signal,
    });
  const ownSession = randomUUID();
  const usedSessions = new Set<string>();
  const unsaved: TurnDeps['unsaved'] = {};
  let turn: Promise<unknown> = Promise.resolve();

  const lifecycle = (event: WorkerLifecycleEvent['event'], requestId: string | null = null) =>
    publish(redis, workerLifecycle, { worker_id: workerId, request_id: requestId, event }).catch((error: unknown) =>
      logger.warn({ error: String(error), event }, 'a lifecycle event was lost'),
    );

  async function execute(input: WorkerInput): Promise<DeveloperWorkerOutput> {
    const sessionId = input.session_id ?? ownSession;
    const resumes = input.session_id !== null || usedSessions.has(sessionId);
    usedSessions.add(sessionId);
    const progress = new ProgressThrottle((message) => report(input, message));
    const onProgress = (line: string) => progress.offer(line);
    const onLine = (line: string) => log.write('agent', line, input.request_id);
    const socket = await openRespondSocket({
      folder: workerDir,
      requestId: input.request_id,
      deliver: (text) => say(input, cleanText(text, redactor, { maxBytes: 2 * MOST_RESPOND_BYTES })),
    }).catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'the agent cannot say anything to its user in this turn');
      return undefined;
    });
    const respondPath = socket?.path;
    try {
      return await runTurn(input, {
        config,
        adapter,
        redactor,
        workspace,
        unsaved,
        sessionId,
        resumes,
        respondPath,
        onProgress,
        onLine,
        signal,
        logger,
      });
    } catch (error) {
      signal.throwIfAborted();
      logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'the turn broke');
      const fault = await systemFault(error, { whose: MACHINE, folders: [] });
      return failure(input, fault ?? `the worker could not run the turn: ${redactor.clean(textOf(error))}`, fault);
    } finally {
      // Before the turn's last text, which is published next.
      await Promise.all([progress.flush(), socket?.close()]);
    }
  }

  /** Passes on what the agent says to its user while the turn goes on: of a developer, to whoever follows the task. */
  async function say(input: WorkerInput, text: string): Promise<'user' | 'progress'> {
    const { request_id, user_id } = input;
    if (workerType === 'po') {
      const message = { request_id, user_id: user_id ?? 0, text, is_final: false };
      await publish(redis, poOutput, message, { params: { worker_id: workerId } });
      return 'user';
    }
    if (input.task_id === null && !input.callback_stream) {
      throw new NobodyListensError('this turn belongs to no task: put it into the result instead');
    }
    await report(input, text);
    return 'progress';
  }

  async function report(input: WorkerInput, message: string): Promise<void> {
    if (input.task_id === null && !input.callback_stream) return;
    const step = config.repo?.readOnly ? 'test' : 'develop';
    const { request_id, task_id, callback_stream } = input;
    await reportProgress(redis, {
      type: 'progress',
      request_id,
      task_id,
      message,
      current_step: step,
      callback_stream,
    });
  }

  function failure(input: Pick<WorkerInput, 'request_id' | 'task_id' | 'epoch'>, error: string, system_fault?: string) {
    const { request_id, task_id, epoch } = input;
    const about = { request_id, task_id, epoch, worker_id: workerId };
    return developerWorkerOutput.parse({ ...about, status: 'failed', reason: 'agent_failed', error, system_fault });
  }

  function record(output: DeveloperWorkerOutput, userId: number | null): TurnRecord {
    const ok = output.status === 'success';
    const text = output.summary ?? '';
    const { request_id, error, exit_code = null } = output;
    return {
      output:
        workerType === 'developer'
          ? output
          : poWorkerOutput.parse({ request_id, user_id: userId ?? 0, text: ok ? text : `Failed: ${error}` }),
      lifecycle: {
        worker_id: workerId,
        request_id,
        event: ok ? 'completed' : 'failed',
        timestamp: new Date().toISOString(),
        result: text || null,
        error,
        exit_code,
      },
    };
  }

  async function answer(input: WorkerInput): Promise<void> {
    await Promise.race([sign.mayBegin, sign.givenUp]);
    let kept = await outbox.find(input.request_id);
    if (!kept) {
      await Promise.race([lifecycle('started', input.request_id), sleep(GOODBYE_MS)]);
      kept = record(await execute(input), input.user_id);
      await outbox
        .keep(input.request_id, kept)
        .catch((error: unknown) => logger.error({ error: String(error) }, 'the result cannot be kept on disk'));
    }
    await outbox.deliver(input.request_id, kept);
  }

  // The manager gives up on a worker that never says this, so it is said until Redis hears it.
  async function sayStarted(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const said = await publish(redis, workerLifecycle, { worker_id: workerId, event: 'started' }).catch(() => false);
      if (said) return;
      await sleep(backoffMs(failures, { firstMs: 100 }), undefined, { signal }).catch(() => undefined);
    }
  }

  await Promise.race([sayStarted(), sleep(GOODBYE_MS)]);
  const consumer = runConsumer({
    redisUrl: config.redisUrl,
    contract: workerInputs,
    params: { type: workerType, worker_id: workerId },
    consumer: workerId,
    service: 'worker-wrapper',
    concurrency: 1,
    logger,
    handler: async (input) => {
      turn = answer(input);
      // A turn that is cut short must neither be acknowledged nor put aside, so its handler never returns.
      await turn.catch((error: unknown) => (signal.aborted ? new Promise(() => undefined) : Promise.reject(error)));
    },
    onDeadLetter: async (input, { requestId, error }) => {
      if (requestId === undefined) return;
      const about = input ?? { request_id: requestId, task_id: null, epoch: 0 };
      await outbox.deliver(
        requestId,
        record(failure(about, `the input cannot be used: ${error}`), input?.user_id ?? 0),
      );
    },
  });
  return {
    done: Promise.race([consumer.done, sign.givenUp]),
    stop: async () => {
      ending.abort(new Error('the worker ends'));
      await turn.catch(() => undefined);
      await Promise.race([Promise.all([lifecycle('stopped'), log.flush(), sign.stop()]), sleep(GOODBYE_MS)]);
    },
  };
}
