import {
  type CreateWorkerCommand,
  type SendMessageCommand,
  type WorkerCommand,
  workerIdFor,
  workerInputs,
  workerResponseKey,
  workerResponses,
} from '@codegen/contracts';
import { recordedAnswer } from '@codegen/sdk/consumer';
import { PermanentError } from '@codegen/sdk/errors';
import { publish } from '@codegen/sdk/queue';
import { rememberAsked, respond } from './answer-commands.js';
import { deleteWorker } from './delete-worker.js';
import { type Manager, silentWorker } from './manager.js';
import { writeWorkerFile } from './send-file.js';
import { answerCreate, faultOf, refusal, refuse } from './start-worker.js';
import { summaryOf } from './summary-of.js';
import { isWorkerId } from './worker-records.js';

/**
 * Serves one command. Its answer goes to worker:responses and under its key: at once, when a slot was free for a
 * create, or when the turn has ended for a send_message. A command that was answered is answered again and not served.
 */
export async function handleCommand(command: WorkerCommand, manager: Manager, entryId: string): Promise<void> {
  const { redis, locks } = manager;
  const { request_id } = command;
  const key = workerResponseKey(request_id);
  const recorded = await recordedAnswer({ redis, key, contract: workerResponses });
  if (recorded) {
    if (command.command === 'create') await manager.gone.expectInputs(workerIdFor(request_id));
    return respond(redis, recorded);
  }
  if (command.command === 'create') {
    await locks.run(workerIdFor(request_id), () => create(command, manager, entryId));
    return manager.fillSlots();
  }
  if (command.command === 'list') return list(request_id, manager);
  const { worker_id } = command;
  switch (command.command) {
    case 'delete':
      await locks.run(worker_id, () => deleteWorker(worker_id, manager));
      return respond(redis, { request_id, success: true });
    case 'send_message':
      return sendMessage(command, manager);
    case 'send_file':
      return locks.run(worker_id, async () => {
        if (!manager.records.get(worker_id)) return unknownWorker(request_id, worker_id, manager);
        try {
          await writeWorkerFile(manager.records.folder(worker_id), command.path, command.content);
          await respond(redis, { request_id, success: true });
        } catch (error) {
          if (!(error instanceof PermanentError)) throw error;
          await respond(redis, { request_id, success: false, error: error.message });
        }
      });
    case 'status':
      return status(request_id, worker_id, manager);
  }
}

async function create(command: CreateWorkerCommand, manager: Manager, entry_id: string): Promise<void> {
  const { redis, records, gone } = manager;
  const { request_id, config, context } = command;
  const worker_id = workerIdFor(request_id);
  if (!isWorkerId(worker_id)) {
    const error = 'request_id must be made of letters, digits, ".", "_" and "-", at most 150';
    return respond(redis, { request_id, success: false, worker_id: null, error });
  }
  const known = records.get(worker_id);
  if (known?.state === 'queued') return;
  if (known) return answerCreate({ ...known, answered: false }, manager);
  const departed = await gone.find(worker_id);
  const refused = departed ?? refusal(command, manager);
  if (refused) {
    const { reason, error } = refused;
    const why = 'refusal' in refused ? { refusal: refused.refusal } : {};
    return refuse({ worker_id, request_id, config, context }, { reason, error, ...why }, manager);
  }
  try {
    await records.put({ worker_id, request_id, state: 'queued', entry_id, config, context });
  } catch (error) {
    const fault = await faultOf(error);
    if (!fault) throw error;
    await refuse({ worker_id, request_id, config, context }, fault, manager);
  }
}

async function sendMessage(command: SendMessageCommand, manager: Manager): Promise<void> {
  const { redis, records } = manager;
  const { request_id, worker_id, message: prompt, timeout } = command;
  const record = records.get(worker_id);
  if (!record) return unknownWorker(request_id, worker_id, manager);
  if (record.state === 'lost') {
    return respond(redis, { request_id, success: false, error: `the worker ${worker_id} is lost: create another one` });
  }
  await rememberAsked(redis, request_id, timeout);
  const { worker_type: type } = silentWorker(record);
  await publish(redis, workerInputs, { request_id, prompt, timeout }, { params: { type, worker_id } });
}

async function status(request_id: string, worker_id: string, manager: Manager): Promise<void> {
  const { redis, records, gone } = manager;
  const record = records.get(worker_id);
  if (!record && !(await gone.find(worker_id))) return unknownWorker(request_id, worker_id, manager);
  const workers = record ? [summaryOf(record, manager)] : [];
  await respond(redis, { request_id, success: true, worker_id, status: workers[0]?.status ?? 'stopped', workers });
}

async function list(request_id: string, manager: Manager): Promise<void> {
  const workers = manager.records.all().map((record) => summaryOf(record, manager));
  await respond(manager.redis, { request_id, success: true, workers, agents: Object.keys(manager.agents).sort() });
}

function unknownWorker(request_id: string, worker_id: string, { redis }: Manager): Promise<void> {
  const error = `there is no worker ${worker_id}: create it first`;
  return respond(redis, { request_id, success: false, reason: 'unknown_worker', error });
}
