import type { commandIds } from '@codegen/contracts/scopes';

/** What running a command does to the system: nothing, a change, or taking something away that does not come back. */
type Effect = 'read' | 'change' | 'destroy';

interface TableEntry {
  summary: string;
  effect: Effect;
  /** The API takes it from administrators alone. */
  forAdmins?: true;
  /** Why it is no MCP tool; all others are. */
  notInMcp?: string;
}

/** Every command by its canonical id, which ALLOWED_COMMANDS and API scopes name too. */
export const commandTable = {
  'project.create': {
    summary: 'Create a project',
    effect: 'change',
  },
  'project.list': {
    summary: 'List projects',
    effect: 'read',
  },
  'project.get': {
    summary: 'Show a project',
    effect: 'read',
  },
  'project.update': {
    summary: "Change a project's name or description",
    effect: 'change',
  },
  'project.archive': {
    summary: 'Take a project out of use, for good',
    effect: 'destroy',
  },
  'project.tasks': {
    summary: "List a project's tasks, newest first",
    effect: 'read',
  },
  'engineering.start': {
    summary: 'Have something built: a spec becomes code on main',
    effect: 'change',
  },
  'engineering.status': {
    summary: 'Show how an engineering task stands',
    effect: 'read',
  },
  'engineering.wait': {
    summary: 'Follow an engineering task to its end',
    effect: 'read',
  },
  'deploy.start': {
    summary: "Put a project's main branch at a URL",
    effect: 'change',
  },
  'deploy.status': {
    summary: 'Show how a deploy task stands',
    effect: 'read',
  },
  'deploy.wait': {
    summary: 'Follow a deploy task to its end',
    effect: 'read',
  },
  'deploy.list': {
    summary: 'List what runs where',
    effect: 'read',
  },
  'task.list': {
    summary: 'List tasks, newest first',
    effect: 'read',
  },
  'task.get': {
    summary: 'Show a task with its spec and result',
    effect: 'read',
  },
  'task.watch': {
    summary: "Print a task's events as they happen",
    effect: 'read',
  },
  'task.logs': {
    summary: 'Print what has happened in a task',
    effect: 'read',
  },
  'task.cancel': {
    summary: 'Ask for the end of a task that waits or runs',
    effect: 'change',
  },
  'task.fail': {
    summary: 'End a task that is stuck, as an administrator',
    effect: 'destroy',
    forAdmins: true,
  },
  'task.retry': {
    summary: 'Start a failed or cancelled task again',
    effect: 'change',
  },
  'secret.set': {
    summary: "Give a project's release a value that is kept secret",
    effect: 'change',
    notInMcp: 'takes a secret',
  },
  'secret.list': {
    summary: "List a project's secrets, and those that a deploy still needs",
    effect: 'read',
  },
  'secret.delete': {
    summary: 'Delete a secret of a project',
    effect: 'destroy',
  },
  explain: {
    summary: "Tell a task's whole story: what happened, why, and what is next",
    effect: 'read',
  },
  respond: {
    summary: 'From inside a worker: say something to the user',
    effect: 'change',
  },
  'worker.create': {
    summary: 'Start a worker: one agent with a place of its own',
    effect: 'change',
  },
  'worker.list': {
    summary: 'List the workers',
    effect: 'read',
  },
  'worker.get': {
    summary: 'Show a worker',
    effect: 'read',
  },
  'worker.send': {
    summary: "Send a prompt to a worker and wait for the turn's text",
    effect: 'change',
  },
  'worker.send-file': {
    summary: 'Write a local file inside a worker',
    effect: 'change',
    notInMcp: 'reads files of this machine',
  },
  'worker.logs': {
    summary: 'Print what a worker and its agent wrote',
    effect: 'read',
  },
  'worker.delete': {
    summary: 'End a worker and remove it',
    effect: 'destroy',
  },
  'queue.list': {
    summary: 'List the queues and what waits in them',
    effect: 'read',
  },
  'queue.stats': {
    summary: 'Show how full a queue is, or every one',
    effect: 'read',
  },
  'queue.peek': {
    summary: 'Show the next messages of a queue without taking them',
    effect: 'read',
  },
  'queue.tail': {
    summary: "Print a queue's messages as they come",
    effect: 'read',
  },
  'queue.publish': {
    summary: 'Check a message and put it into a queue',
    effect: 'change',
  },
  'queue.dlq.list': {
    summary: "List a queue's dead letters and why they are",
    effect: 'read',
  },
  'queue.dlq.replay': {
    summary: 'Put dead letters back into their queue',
    effect: 'change',
  },
  'queue.dlq.purge': {
    summary: 'Remove dead letters for good',
    effect: 'destroy',
  },
  mcp: {
    summary: 'Serve the allowed commands as MCP tools',
    effect: 'change',
    notInMcp: 'is the server itself',
  },
  'auth.login': {
    summary: 'Store where the API is and the token for it',
    effect: 'change',
    notInMcp: 'takes a token from a person',
  },
  'auth.logout': {
    summary: "Forget a profile's token",
    effect: 'change',
    notInMcp: 'is about the configuration of this machine',
  },
  'auth.status': {
    summary: 'Show who you are to the API',
    effect: 'read',
  },
  'auth.key.create': {
    summary: 'Make an API key; its secret is shown once',
    effect: 'change',
    notInMcp: 'tells a secret',
  },
  'auth.key.list': {
    summary: 'List API keys, newest first',
    effect: 'read',
  },
  'auth.key.revoke': {
    summary: 'End an API key, for good',
    effect: 'destroy',
  },
  'user.create': {
    summary: 'As an administrator: add a user',
    effect: 'change',
    forAdmins: true,
  },
  'user.list': {
    summary: 'As an administrator: list users, newest first',
    effect: 'read',
    forAdmins: true,
  },
  'user.disable': {
    summary: "As an administrator: have none of a user's keys work",
    effect: 'change',
    forAdmins: true,
  },
  'user.enable': {
    summary: "As an administrator: let a disabled user's keys work again",
    effect: 'change',
    forAdmins: true,
  },
  'infra.server.set': {
    summary: 'As an administrator: add or change a server',
    effect: 'change',
    forAdmins: true,
  },
  'infra.server.list': {
    summary: 'List the servers that projects are put on',
    effect: 'read',
  },
  'config.get': {
    summary: 'Print a setting',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
  },
  'config.set': {
    summary: 'Store a setting, or forget it',
    effect: 'change',
    notInMcp: 'is about the configuration of this machine',
  },
  'config.list': {
    summary: 'Show every setting, and where it comes from',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
  },
  'config.profiles': {
    summary: 'List the stored profiles',
    effect: 'read',
    notInMcp: 'is about the configuration of this machine',
  },
  diagnose: {
    summary: 'Check API, services, Redis, projects, sites and workers',
    effect: 'read',
  },
  'diagnose.api': {
    summary: 'Check that the API answers and knows you',
    effect: 'read',
  },
  'diagnose.redis': {
    summary: 'Check that Redis answers, and the queues',
    effect: 'read',
  },
  'diagnose.services': {
    summary: 'Check that every service runs',
    effect: 'read',
  },
  'diagnose.workers': {
    summary: 'Check that worker-manager answers, and its workers',
    effect: 'read',
  },
  'diagnose.projects': {
    summary: 'Check what your projects, their tasks and sites do',
    effect: 'read',
  },
  'contracts.list': {
    summary: 'List the streams and message models of the wire contracts',
    effect: 'read',
  },
  'contracts.schema': {
    summary: 'Print the JSON Schema of a model',
    effect: 'read',
  },
  'contracts.asyncapi': {
    summary: 'Print the AsyncAPI document of all streams',
    effect: 'read',
  },
  'contracts.validate': {
    summary: 'Check a document against its model, or many by lines',
    effect: 'read',
    notInMcp: 'reads files and standard input',
  },
  up: {
    summary: 'Run the whole system on this machine',
    effect: 'change',
    notInMcp: 'starts and stops what runs on this machine',
  },
  down: {
    summary: 'Stop the system on this machine',
    effect: 'change',
    notInMcp: 'starts and stops what runs on this machine',
  },
  'system.init': {
    summary: 'Write the folder that an operator runs every service from',
    effect: 'change',
    notInMcp: 'writes files of this machine',
  },
  completion: {
    summary: 'Print a completion script for bash, zsh or fish',
    effect: 'read',
    notInMcp: 'is for shells',
  },
} as const satisfies Record<(typeof commandIds)[number], TableEntry>;

export type CommandId = keyof typeof commandTable;

/** What the table says of a command. */
export function entryOf(id: CommandId): TableEntry {
  return commandTable[id];
}

/** A command as it is typed: words with spaces. */
export function commandName(id: string): string {
  return id.replaceAll('.', ' ');
}

/** Ids of the commands in a topic. */
export function commandsUnder(topic: string): CommandId[] {
  return (Object.keys(commandTable) as CommandId[]).filter((id) => id === topic || id.startsWith(`${topic}.`));
}
