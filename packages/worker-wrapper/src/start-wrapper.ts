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
import { NoRecipientError, openRespondSocket } from './respond-socket.js';
import { runTurn, type TurnDeps } from './run-turn.js';
import { giveSignOfLife } from './sign-of-life.js';
import { MACHINE, Workspace } from './workspace.js';

/** Maximum milliseconds to wait for a lifecycle event to be published, so that start and shutdown do not hang. */
const LIFECYCLE_WAIT_MS = 500;

/**
 * Runs a worker: turns from its input stream, one at a time, until it is stopped. `done` rejects if it fails. States of a
 * turn: read → run (or answered before: answered again) → stored in the outbox → published → acknowledged. A turn that
 * `stop` interrupts stays pending: worker-manager answers it.
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
  const logger = log.tee(ownLogger);
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
      logger.warn({ error: String(error), event }, 'cannot publish a lifecycle event'),
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
      deliver: (text) => sendToUser(input, cleanText(text, redactor, { maxBytes: 2 * MOST_RESPOND_BYTES })),
    }).catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'cannot open the respond socket of this turn');
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
      logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'the turn failed unexpectedly');
      const fault = await systemFault(error, { whose: MACHINE, folders: [] });
      return failure(input, fault ?? `the worker could not run the turn: ${redactor.clean(textOf(error))}`, fault);
    } finally {
      // Before the turn's result, which is published next.
      await Promise.all([progress.flush(), socket?.close()]);
    }
  }

  /** Sends a text of the agent during the turn: to the user of a Product-Owner worker, or as progress of the task. */
  async function sendToUser(input: WorkerInput, text: string): Promise<'user' | 'progress'> {
    const { request_id, user_id } = input;
    if (workerType === 'po') {
      const message = { request_id, user_id: user_id ?? 0, text, is_final: false };
      await publish(redis, poOutput, message, { params: { worker_id: workerId } });
      return 'user';
    }
    if (input.task_id === null && !input.callback_stream) {
      throw new NoRecipientError('this turn has no task, so the text has no recipient: put it into the result instead');
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
      await Promise.race([lifecycle('started', input.request_id), sleep(LIFECYCLE_WAIT_MS)]);
      kept = record(await execute(input), input.user_id);
      await outbox
        .keep(input.request_id, kept)
        .catch((error: unknown) => logger.error({ error: String(error) }, 'cannot store the result on disk'));
    }
    await outbox.deliver(input.request_id, kept);
  }

  // worker-manager gives up on a worker that never announces its start, so this retries until Redis has the event.
  async function announceStart(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const sent = await publish(redis, workerLifecycle, { worker_id: workerId, event: 'started' }).catch(() => false);
      if (sent) return;
      await sleep(backoffMs(failures, { firstMs: 100 }), undefined, { signal }).catch(() => undefined);
    }
  }

  await Promise.race([announceStart(), sleep(LIFECYCLE_WAIT_MS)]);
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
      // An interrupted turn must be neither acknowledged nor dead-lettered, so its handler never returns.
      await turn.catch((error: unknown) => (signal.aborted ? new Promise(() => undefined) : Promise.reject(error)));
    },
    onDeadLetter: async (input, { requestId, error }) => {
      if (requestId === undefined) return;
      const about = input ?? { request_id: requestId, task_id: null, epoch: 0 };
      await outbox.deliver(requestId, record(failure(about, `invalid input: ${error}`), input?.user_id ?? 0));
    },
  });
  return {
    done: Promise.race([consumer.done, sign.givenUp]),
    stop: async () => {
      ending.abort(new Error('the worker is stopping'));
      await turn.catch(() => undefined);
      await Promise.race([Promise.all([lifecycle('stopped'), log.flush(), sign.stop()]), sleep(LIFECYCLE_WAIT_MS)]);
    },
  };
}
