import { type CommandId, commandName, commandsUnder } from '../command-table.js';

/** The first word of a command. */
type Topic = CommandId extends infer Id ? (Id extends `${infer First}.${string}` ? First : Id) : never;

interface TopicEntry {
  /** The heading that it stands under in the list of all commands. */
  group: 'Work' | 'Look inside' | 'Set up';
  /** What its commands are about. */
  summary: string;
}

/** Every topic, in the order of the help. A topic that is a command itself says what the command does. */
const topics: Record<Topic, TopicEntry> = {
  project: { group: 'Work', summary: 'What you want built: a name, a repository, later a URL' },
  engineering: { group: 'Work', summary: 'From a spec to tested code on main' },
  deploy: { group: 'Work', summary: 'From main to a URL' },
  task: { group: 'Work', summary: 'The work that was asked for, and how it gets on' },
  secret: { group: 'Work', summary: "What a project's release needs to know and nobody may read" },
  explain: { group: 'Look inside', summary: "A task's whole story: what happened, why, and what is next" },
  diagnose: { group: 'Look inside', summary: 'Check API, services, Redis, projects, sites and workers' },
  respond: { group: 'Work', summary: 'From inside a worker: say something to the user' },
  worker: { group: 'Look inside', summary: 'Who does the work: agents, each in a place of its own' },
  queue: { group: 'Look inside', summary: 'What waits between the services, and what went wrong there' },
  contracts: { group: 'Look inside', summary: 'What crosses the queues and the REST API; works offline' },
  mcp: { group: 'Look inside', summary: 'Serve the allowed commands as MCP tools' },
  up: { group: 'Set up', summary: 'Run the whole system on this machine' },
  down: { group: 'Set up', summary: 'Stop the system on this machine' },
  system: { group: 'Set up', summary: 'A system of separate services, for its operator' },
  auth: { group: 'Set up', summary: 'Who you are to the API' },
  user: { group: 'Set up', summary: 'Who there is: projects belong to users' },
  infra: { group: 'Set up', summary: 'The servers that projects are put on' },
  config: { group: 'Set up', summary: 'What the command line remembers, and where a setting comes from' },
  completion: { group: 'Set up', summary: 'Print a completion script for bash, zsh or fish' },
};

/** A topic and the commands in it. */
export interface TopicCommands extends TopicEntry {
  topic: string;
  /** What follows the topic; none where the topic is all of the command. */
  verbs: string[];
}

/** Every topic with its commands, in the order of the help; of those that may be used. */
export function listTopics(may: (id: CommandId) => boolean = () => true): TopicCommands[] {
  return Object.entries<TopicEntry>(topics).flatMap(([topic, entry]) => {
    const usable = commandsUnder(topic).filter(may);
    const verbs = usable.filter((id) => id !== topic).map((id) => commandName(id.slice(topic.length + 1)));
    return usable.length > 0 ? [{ topic, ...entry, verbs }] : [];
  });
}

/** Words that name a topic, or a part of one, as its id; undefined where no command begins with them. */
export function topicOf(words: readonly string[]): string | undefined {
  const id = words.join('.');
  return words.length > 0 && commandsUnder(id).length > 0 ? id : undefined;
}

/** What a topic's commands are about; undefined for a part of a topic. */
export function summaryOf(topic: string): string | undefined {
  return Object.hasOwn(topics, topic) ? topics[topic as Topic].summary : undefined;
}
