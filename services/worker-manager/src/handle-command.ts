import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CreateWorkerCommand,
  type DeleteWorkerCommand,
  type SendFileCommand,
  type SendMessageCommand,
  type WorkerCommand,
  type WorkerStatusCommand,
  workerIdFor,
  workerInputs,
  workerResponseKey,
  workerResponses,
} from '@codegen/contracts';
import { recordedAnswer } from '@codegen/sdk/consumer';
import { PermanentError } from '@codegen/sdk/errors';
import { publish } from '@codegen/sdk/queue';
import { rememberAsked, respond } from './answer-commands.js';
import { deleteWorker, wasDeleted } from './delete-worker.js';
import { type Manager, silentWorker } from './manager.js';
import type { Owned } from './ownership.js';
import { writeWorkerFile } from './send-file.js';
import { answerCreate, faultOf, refusal, refuse } from './start-worker.js';
import { summaryOf } from './summary-of.js';
import { isWorkerId, type WorkerRecord } from './worker-records.js';

const LOOK_MS = 200;

/**
 * Serves one command, or leaves it to the manager whose worker it is about. Its answer goes to worker:responses and under
 * its key: at once, when a slot was free for a create, or when the turn has ended for a send_message. A command that was
 * answered is answered again and not served.
 * @param entryId of the command in its queue, undefined for one that another manager has passed on
 */
export async function handleCommand(command: WorkerCommand, manager: Manager, entryId?: string): Promise<void> {
  const { redis } = manager;
  const { request_id } = command;
  const key = workerResponseKey(request_id);
  const recorded = await recordedAnswer({ redis, key, contract: workerResponses });
  if (recorded) {
    if (command.command === 'create') await manager.gone.expectInputs(workerIdFor(request_id));
    return respond(redis, recorded);
  }
  switch (command.command) {
    case 'create':
      return create(command, manager, entryId);
    case 'delete':
      return remove(command, manager);
    case 'send_file':
      return sendFile(command, manager);
    case 'send_message':
      return sendMessage(command, manager);
    case 'status':
      return status(command, manager);
    case 'list':
      return list(request_id, manager);
  }
}

async function create(command: CreateWorkerCommand, manager: Manager, entryId: string | undefined): Promise<void> {
  const { redis, records, gone, ownership, locks } = manager;
  const { request_id, config, context } = command;
  const worker_id = workerIdFor(request_id);
  if (!isWorkerId(worker_id)) {
    const error = 'request_id must be made of letters, digits, ".", "_" and "-", at most 150';
    return respond(redis, { request_id, success: false, worker_id: null, error });
  }
  const isServed = await locks.run(worker_id, async () => {
    const known = records.get(worker_id);
    if (known?.state === 'queued') return true;
    if (known) {
      await answerCreate({ ...known, answered: false }, manager);
      return true;
    }
    const entry_id = entryId ?? (await ownership.lookUp(worker_id))?.record.entry_id ?? '0-0';
    const record: WorkerRecord = { worker_id, request_id, state: 'queued', entry_id, config, context };
    const claimed = await ownership.claim(record);
    if (claimed === 'other') return false;
    const departed = claimed === 'gone' ? await gone.find(worker_id) : undefined;
    const refused = departed ?? refusal(command, manager);
    if (refused) {
      const { reason, error } = refused;
      const why = 'refusal' in refused ? { refusal: refused.refusal } : {};
      await refuse(record, { reason, error, ...why }, manager);
      return true;
    }
    try {
      await records.put(record);
    } catch (error) {
      const fault = await faultOf(error);
      if (!fault) throw error;
      await refuse(record, fault, manager);
    }
    return true;
  });
  if (isServed) manager.fillSlots();
  else await passOnOr(command, worker_id, manager, () => create(command, manager, entryId));
}

/** A worker with its owner; undefined where it is known that there is none. */
async function find(workerId: string, { records, ownership, gone }: Manager): Promise<Owned | undefined> {
  const record = records.get(workerId);
  if (record) return { manager: ownership.name, record };
  const owned = await ownership.lookUp(workerId);
  if (owned || (await gone.find(workerId))) return owned;
  return ownership.find(workerId);
}

/**
 * Leaves a command to the manager whose worker it is about; serves it where that is this one, or none. A manager that is
 * gone is waited for: its workers get another owner.
 */
async function passOnOr(
  command: WorkerCommand,
  workerId: string,
  manager: Manager,
  serve: () => Promise<void>,
): Promise<void> {
  const { ownership } = manager;
  for (; ; await sleep(LOOK_MS, undefined, { signal: ownership.stopping })) {
    const owner = (await find(workerId, manager))?.manager;
    if (owner === undefined || owner === ownership.name) return serve();
    if (await ownership.passOn(owner, command)) return;
  }
}

function remove(command: DeleteWorkerCommand, manager: Manager): Promise<void> {
  const { request_id, worker_id } = command;
  const { redis, records, gone, ownership, locks } = manager;
  return passOnOr(command, worker_id, manager, async () => {
    if (isWorkerId(worker_id) && !records.get(worker_id)) {
      // From now on no manager begins it; one that has meanwhile is to end it.
      await gone.add({ worker_id, worker_type: null, context: {}, ...wasDeleted, gone_at: Date.now() });
      const owner = (await ownership.lookUp(worker_id))?.manager;
      if (owner !== undefined && owner !== ownership.name) return remove(command, manager);
    }
    await locks.run(worker_id, () => deleteWorker(worker_id, manager));
    await respond(redis, { request_id, success: true });
  });
}

function sendFile(command: SendFileCommand, manager: Manager): Promise<void> {
  const { request_id, worker_id } = command;
  const { redis, records, runtime, locks } = manager;
  return passOnOr(command, worker_id, manager, () =>
    locks.run(worker_id, async () => {
      if (!records.get(worker_id)) return unknownWorker(request_id, worker_id, manager);
      try {
        await writeWorkerFile(runtime, worker_id, command);
        await respond(redis, { request_id, success: true });
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        await respond(redis, { request_id, success: false, error: error.message });
      }
    }),
  );
}

async function sendMessage(command: SendMessageCommand, manager: Manager): Promise<void> {
  const { redis } = manager;
  const { request_id, worker_id, message: prompt, timeout } = command;
  const record = (await find(worker_id, manager))?.record;
  if (!record) return unknownWorker(request_id, worker_id, manager);
  if (record.state === 'lost') {
    return respond(redis, { request_id, success: false, error: `the worker ${worker_id} is lost: create another one` });
  }
  await rememberAsked(redis, request_id, timeout);
  const { worker_type: type } = silentWorker(record);
  await publish(redis, workerInputs, { request_id, prompt, timeout }, { params: { type, worker_id } });
}

async function status({ request_id, worker_id }: WorkerStatusCommand, manager: Manager): Promise<void> {
  const { redis, ownership, gone } = manager;
  const record = (await find(worker_id, manager))?.record;
  if (!record && !(await gone.find(worker_id))) return unknownWorker(request_id, worker_id, manager);
  const workers = record ? [summaryOf(record, (await ownership.turns()).get(worker_id))] : [];
  await respond(redis, { request_id, success: true, worker_id, status: workers[0]?.status ?? 'stopped', workers });
}

async function list(request_id: string, { redis, ownership, records, agents }: Manager): Promise<void> {
  const [owned, turns] = await Promise.all([ownership.all(), ownership.turns()]);
  // What this manager knows of its own is newer, and there also after Redis has lost it.
  const known = new Map([...owned.map(({ record }) => record), ...records.all()].map((one) => [one.worker_id, one]));
  const workers = [...known.values()].map((record) => summaryOf(record, turns.get(record.worker_id)));
  await respond(redis, { request_id, success: true, workers, agents: Object.keys(agents).sort() });
}

function unknownWorker(request_id: string, worker_id: string, { redis }: Manager): Promise<void> {
  const error = `there is no worker ${worker_id}: create it first`;
  return respond(redis, { request_id, success: false, reason: 'unknown_worker', error });
}
