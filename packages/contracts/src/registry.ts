import type { z } from 'zod';
import { deadLetter } from './dead-letter.js';
import type { QueueContract } from './define-queue.js';
import { progressEvent, taskEvents, taskProgress } from './events.js';
import {
  ansibleDeployMessage,
  ansibleDeployQueue,
  ansibleDeployResult,
  ansibleDeployResults,
} from './queues/ansible-deploy.js';
import { deployMessage, deployQueue, deployResult } from './queues/deploy.js';
import { engineeringMessage, engineeringQueue, engineeringResult } from './queues/engineering.js';
import { provisionerMessage, provisionerQueue, provisionerResult, provisionerResults } from './queues/provisioner.js';
import { repositoryMessage, repositoryQueue, repositoryResult, repositoryResults } from './queues/repository.js';
import { scaffolderMessage, scaffolderQueue, scaffolderResult, scaffolderResults } from './queues/scaffolder.js';
import {
  createWorkerCommand,
  createWorkerResponse,
  deleteWorkerCommand,
  deleteWorkerResponse,
  listWorkersCommand,
  listWorkersResponse,
  sendFileCommand,
  sendFileResponse,
  sendMessageCommand,
  sendMessageResponse,
  workerCommand,
  workerCommands,
  workerConfig,
  workerResponse,
  workerResponses,
  workerStatusCommand,
  workerStatusResponse,
} from './queues/worker-commands.js';
import {
  developerOutput,
  developerWorkerOutput,
  poOutput,
  poWorkerOutput,
  workerInput,
  workerInputs,
  workerLog,
  workerLogLine,
} from './queues/worker-io.js';
import { workerLifecycle, workerLifecycleEvent } from './queues/worker-lifecycle.js';

/** All streams. */
export const queues = [
  engineeringQueue,
  deployQueue,
  scaffolderQueue,
  scaffolderResults,
  repositoryQueue,
  repositoryResults,
  provisionerQueue,
  provisionerResults,
  ansibleDeployQueue,
  ansibleDeployResults,
  workerCommands,
  workerResponses,
  workerInputs,
  developerOutput,
  poOutput,
  workerLog,
  workerLifecycle,
  taskEvents,
  taskProgress,
] as const satisfies readonly QueueContract[];

/** All message models, by the names that the contract vectors and the Python peers use. */
export const models = {
  EngineeringMessage: engineeringMessage,
  EngineeringResult: engineeringResult,
  DeployMessage: deployMessage,
  DeployResult: deployResult,
  ScaffolderMessage: scaffolderMessage,
  ScaffolderResult: scaffolderResult,
  RepositoryMessage: repositoryMessage,
  RepositoryResult: repositoryResult,
  ProvisionerMessage: provisionerMessage,
  ProvisionerResult: provisionerResult,
  AnsibleDeployMessage: ansibleDeployMessage,
  AnsibleDeployResult: ansibleDeployResult,
  WorkerConfig: workerConfig,
  WorkerCommand: workerCommand,
  CreateWorkerCommand: createWorkerCommand,
  SendMessageCommand: sendMessageCommand,
  SendFileCommand: sendFileCommand,
  DeleteWorkerCommand: deleteWorkerCommand,
  WorkerStatusCommand: workerStatusCommand,
  ListWorkersCommand: listWorkersCommand,
  WorkerResponse: workerResponse,
  CreateWorkerResponse: createWorkerResponse,
  SendMessageResponse: sendMessageResponse,
  DeleteWorkerResponse: deleteWorkerResponse,
  SendFileResponse: sendFileResponse,
  WorkerStatusResponse: workerStatusResponse,
  ListWorkersResponse: listWorkersResponse,
  WorkerInput: workerInput,
  DeveloperWorkerOutput: developerWorkerOutput,
  POWorkerOutput: poWorkerOutput,
  WorkerLogLine: workerLogLine,
  WorkerLifecycleEvent: workerLifecycleEvent,
  ProgressEvent: progressEvent,
  DeadLetter: deadLetter,
} as const satisfies Record<string, z.ZodType>;

export type ModelName = keyof typeof models;
