import type { commandIds } from '@codegen/contracts/scopes';
import type { CommandClass } from './base-command.js';

/** What running a command does to the system: nothing, a change, or taking something away that does not come back. */
type Effect = 'read' | 'change' | 'destroy';

interface TableEntry {
  summary: string;
  effect: Effect;
  /** The API takes it from administrators alone. */
  forAdmins?: true;
  /** Why it is no MCP tool; all others are. */
  notInMcp?: string;
  load(): Promise<{ default: CommandClass }>;
}

/** Every command by its canonical id, which ALLOWED_COMMANDS and API scopes name too. A command's code loads when it runs. */
export const commandTable = {
  'project.create': {
    summary: 'Create a project',
    effect: 'change',
    load: () => import('./commands/project/create.js'),
  },
  'project.list': {
    summary: 'List projects',
    effect: 'read',
    load: () => import('./commands/project/list.js'),
  },
  'project.get': {
    summary: 'Show a project',
    effect: 'read',
    load: () => import('./commands/project/get.js'),
  },
  'project.update': {
    summary: "Change a project's name or description",
    effect: 'change',
    load: () => import('./commands/project/update.js'),
  },
  'project.archive': {
    summary: 'Take a project out of use, for good',
    effect: 'destroy',
    load: () => import('./commands/project/archive.js'),
  },
  'project.tasks': {
    summary: "List a project's tasks, newest first",
    effect: 'read',
    load: () => import('./commands/project/tasks.js'),
  },
  'engineering.start': {
    summary: 'Have something built: a spec becomes code on main',
    effect: 'change',
    load: () => import('./commands/engineering/start.js'),
  },
  'engineering.status': {
    summary: 'Show how an engineering task stands',
    effect: 'read',
    load: () => import('./commands/engineering/status.js'),
  },
  'engineering.wait': {
    summary: 'Follow an engineering task to its end',
    effect: 'read',
    load: () => import('./commands/engineering/wait.js'),
  },
  'deploy.start': {
    summary: "Put a project's main branch at a URL",
    effect: 'change',
    load: () => import('./commands/deploy/start.js'),
  },
  'deploy.status': {
    summary: 'Show how a deploy task stands',
    effect: 'read',
    load: () => import('./commands/deploy/status.js'),
  },
  'deploy.wait': {
    summary: 'Follow a deploy task to its end',
    effect: 'read',
    load: () => import('./commands/deploy/wait.js'),
  },
  'deploy.list': {
    summary: 'List what runs where',
    effect: 'read',
    load: () => import('./commands/deploy/list.js'),
  },
  'task.list': {
    summary: 'List tasks, newest first',
    effect: 'read',
    load: () => import('./commands/task/list.js'),
  },
  'task.get': {
    summary: 'Show a task with its spec and result',
    effect: 'read',
    load: () => import('./commands/task/get.js'),
  },
  'task.watch': {
    summary: "Print a task's events as they happen",
    effect: 'read',
    load: () => import('./commands/task/watch.js'),
  },
  'task.logs': {
    summary: 'Print what has happened in a task',
    effect: 'read',
    load: () => import('./commands/task/logs.js'),
  },
  'task.cancel': {
    summary: 'Ask for the end of a task that waits or runs',
    effect: 'change',
    load: () => import('./commands/task/cancel.js'),
  },
  'task.fail': {
    summary: 'End a task that is stuck, as an administrator',
    effect: 'destroy',
    forAdmins: true,
    load: () => import('./commands/task/fail.js'),
  },
  'task.retry': {
    summary: 'Start a failed or cancelled task again',
    effect: 'change',
    load: () => import('./commands/task/retry.js'),
  },
  'secret.set': {
    summary: "Give a project's release a value that is kept secret",
    effect: 'change',
    notInMcp: 'takes a secret',
    load: () => import('./commands/secret/set.js'),
  },
  'secret.list': {
    summary: "List a project's secrets, and those that a deploy still needs",
    effect: 'read',
    load: () => import('./commands/secret/list.js'),
  },
  'secret.delete': {
    summary: 'Delete a secret of a project',
    effect: 'destroy',
    load: () => import('./commands/secret/delete.js'),
  },
  explain: {
    summary: "Tell a task's whole story: what happened, why, and what is next",
    effect: 'read',
    load: () => import('./commands/explain.js'),
  },
  respond: {
    summary: 'From inside a worker: say something to the user',
    effect: 'change',
    load: () => import('./commands/respond.js'),
  },
  'worker.create': {
    summary: 'Start a worker: one agent with a place of its own',
    effect: 'change',
    load: () => import('./commands/worker/create.js'),
  },
  'worker.list': {
    summary: 'List the workers',
    effect: 'read',
    load: () => import('./commands/worker/list.js'),
  },
  'worker.get': {
    summary: 'Show a worker',
    effect: 'read',
    load: () => import('./commands/worker/get.js'),
  },
  'worker.send': {
    summary: "Send a prompt to a worker and wait for the turn's text",
    effect: 'change',
    load: () => import('./commands/worker/send.js'),
  },
  'worker.send-file': {
    summary: 'Write a local file inside a worker',
    effect: 'change',
    notInMcp: 'reads files of this machine',
    load: () => import('./commands/worker/send-file.js'),
  },
  'worker.logs': {
    summary: 'Print what a worker and its agent wrote',
    effect: 'read',
    load: () => import('./commands/worker/logs.js'),
  },
  'worker.delete': {
    summary: 'End a worker and remove it',
    effect: 'destroy',
    load: () => import('./commands/worker/delete.js'),
  },
  'queue.list': {
    summary: 'List the queues and what waits in them',
    effect: 'read',
    load: () => import('./commands/queue/list.js'),
  },
  'queue.stats': {
    summary: 'Show how full a queue is, or every one',
    effect: 'read',
    load: () => import('./commands/queue/stats.js'),
  },
  'queue.peek': {
    summary: 'Show the next messages of a queue without taking them',
    effect: 'read',
    load: () => import('./commands/queue/peek.js'),
  },
  'queue.tail': {
    summary: "Print a queue's messages as they come",
    effect: 'read',
    load: () => import('./commands/queue/tail.js'),
  },
  'queue.publish': {
    summary: 'Check a message and put it into a queue',
    effect: 'change',
    load: () => import('./commands/queue/publish.js'),
  },
  'queue.dlq.list': {
    summary: "List a queue's dead letters and why they are",
    effect: 'read',
    load: () => import('./commands/queue/dlq/list.js'),
  },
  'queue.dlq.replay': {
    summary: 'Put dead letters back into their queue',
    effect: 'change',
    load: () => import('./commands/queue/dlq/replay.js'),
  },
  'queue.dlq.purge': {
    summary: 'Remove dead letters for good',
    effect: 'destroy',
    load: () => import('./commands/queue/dlq/purge.js'),
  },
  mcp: {
    summary: 'Serve the allowed commands as MCP tools',
    effect: 'change',
    notInMcp: 'is the server itself',
    load: () => import('./commands/mcp.js'),
  },
  'auth.login': {
    summary: 'Store where the API is and the token for it',
    effect: 'change',
    notInMcp: 'takes a token from a person',
    load: () => import('./commands/auth/login.js'),
  },
  'auth.logout': {
    summary: "Forget a profile's token",
    effect: 'change',
    notInMcp: 'is about the configuration of this machine',
    load: () => import('./commands/auth/logout.js'),
  },
  'auth.status': {
    summary: 'Show who you are to the API',
    effect: 'read',
    load: () => import('./commands/auth/status.js'),
  },
  'auth.key.create': {
    summary: 'Make an API key; its secret is shown once',
    effect: 'change',
    notInMcp: 'tells a secret',
    load: () => import('./commands/auth/key/create.js'),
  },
  'auth.key.list': {
    summary: 'List API keys, newest first',
    effect: 'read',
    load: () => import('./commands/auth/key/list.js'),
  },
  'auth.key.revoke': {
    summary: 'End an API key, for good',
    effect: 'destroy',
    load: () => import('./commands/auth/key/revoke.js'),
  },
  'user.create': {
    summary: 'As an administrator: add a user',
    effect: 'change',
    forAdmins: true,
    load: () => import('./commands/user/create.js'),
  },
  'user.list': {
    summary: 'As an administrator: list users, newest first',
    effect: 'read',
    forAdmins: true,
    load: () => import('./commands/user/list.js'),
  },
  'user.disable': {
    summary: "As an administrator: have none of a user's keys work",
    effect: 'change',
    forAdmins: true,
    load: () => import('./commands/user/disable.js'),
  },
  'user.enable': {
    summary: "As an administrator: let a disabled user's keys work again",
    effect: 'change',
    forAdmins: true,
    load: () => import('./commands/user/enable.js'),
  },
  'infra.server.set': {
    summary: 'As an administrator: add or change a server',
    effect: 'change',
    forAdmins: true,
    load: () => import('./commands/infra/server/set.js'),
  },
  'infra.server.list': {
    summary: 'List the servers that projects are put on',
    effect: 'read',
    load: () => import('./commands/infra/server/list.js'),
  },
  'config.get': {
    summary: 'Print a setting',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
    load: () => import('./commands/config/get.js'),
  },
  'config.set': {
    summary: 'Store a setting, or forget it',
    effect: 'change',
    notInMcp: 'is about the configuration of this machine',
    load: () => import('./commands/config/set.js'),
  },
  'config.list': {
    summary: 'Show every setting, and where it comes from',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
    load: () => import('./commands/config/list.js'),
  },
  'config.profiles': {
    summary: 'List the stored profiles',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
    load: () => import('./commands/config/profiles.js'),
  },
  diagnose: {
    summary: 'Check API, services, Redis, projects, sites and workers',
    effect: 'read',
    load: () => import('./commands/diagnose/all.js'),
  },
  'diagnose.api': {
    summary: 'Check that the API answers and knows you',
    effect: 'read',
    load: () => import('./commands/diagnose/api.js'),
  },
  'diagnose.redis': {
    summary: 'Check that Redis answers, and the queues',
    effect: 'read',
    load: () => import('./commands/diagnose/redis.js'),
  },
  'diagnose.services': {
    summary: 'Check that every service runs',
    effect: 'read',
    load: () => import('./commands/diagnose/services.js'),
  },
  'diagnose.workers': {
    summary: 'Check that worker-manager answers, and its workers',
    effect: 'read',
    load: () => import('./commands/diagnose/workers.js'),
  },
  'diagnose.projects': {
    summary: 'Check what your projects, their tasks and sites do',
    effect: 'read',
    load: () => import('./commands/diagnose/projects.js'),
  },
  'contracts.list': {
    summary: 'List the streams and message models of the wire contracts',
    effect: 'read',
    load: () => import('./commands/contracts/list.js'),
  },
  'contracts.schema': {
    summary: 'Print the JSON Schema of a model',
    effect: 'read',
    load: () => import('./commands/contracts/schema.js'),
  },
  'contracts.asyncapi': {
    summary: 'Print the AsyncAPI document of all streams',
    effect: 'read',
    load: () => import('./commands/contracts/asyncapi.js'),
  },
  'contracts.validate': {
    summary: 'Check a document against its model, or many by lines',
    effect: 'read',
    notInMcp: 'reads files and standard input',
    load: () => import('./commands/contracts/validate.js'),
  },
  up: {
    summary: 'Run the whole system on this machine',
    effect: 'change',
    notInMcp: 'starts and stops what runs on this machine',
    load: () => import('./commands/up.js'),
  },
  down: {
    summary: 'Stop the system on this machine',
    effect: 'change',
    notInMcp: 'starts and stops what runs on this machine',
    load: () => import('./commands/down.js'),
  },
  'system.init': {
    summary: 'Write the folder that an operator runs every service from',
    effect: 'change',
    notInMcp: 'writes files of this machine',
    load: () => import('./commands/system/init.js'),
  },
  completion: {
    summary: 'Print a completion script for bash, zsh or fish',
    effect: 'read',
    notInMcp: 'is for shells',
    load: () => import('./commands/completion.js'),
  },
} as const satisfies Record<(typeof commandIds)[number], TableEntry>;

export type CommandId = keyof typeof commandTable;

/** What the table says of a command. */
export function entryOf(id: CommandId): TableEntry {
  return commandTable[id];
}

/** A command's class, with all that it needs. */
export async function loadCommand(id: CommandId): Promise<CommandClass> {
  const { default: Class } = await entryOf(id).load();
  // Not its name, which a bundler may change: keys of idempotency are made from it.
  Class.id = id;
  return Class;
}

/** A command as it is typed: words with spaces. */
export function spoken(id: string): string {
  return id.replaceAll('.', ' ');
}

/** Ids of the commands in a topic. */
export function commandsUnder(topic: string): CommandId[] {
  return (Object.keys(commandTable) as CommandId[]).filter((id) => id === topic || id.startsWith(`${topic}.`));
}
