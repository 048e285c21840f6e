import { type CommandId, commandTable } from '../command-table.js';
import { variables } from '../environment.js';
import { exitCodes } from '../kit/exit-codes.js';
import type { CommandHelp, FlagHelp } from '../kit/help.js';
import { describeCommand } from '../kit/help.js';
import { listTopics } from '../kit/topics.js';

const INTRODUCTION = `# The \`orchestrator\` command line

Written by \`npm run generate\` from the same data as \`--help\`; change the commands, not this file.

Every command takes the global flags. With \`--json\` (or \`ORCHESTRATOR_JSON=1\`) standard output holds exactly one JSON
document; progress and warnings go to standard error. Errors end in a line to paste: \`Try: …\`.`;

const ENVELOPE = `## The JSON document

\`\`\`json
{"ok":true,"schema_version":1,"command":"project create","data":{…},"warnings":[],"meta":{"request_id":"…","correlation_id":"…","idempotency_key":"…"}}
{"ok":false,"schema_version":1,"command":"project get","error":{"code":"PROJECT_NOT_FOUND","message":"…","exit_code":3,"retryable":false},"choices":["…"],"next":[{"command":"…","when":"…"}],"warnings":[],"meta":{…}}
\`\`\`

| field | meaning |
|---|---|
| \`ok\` | whether the command did what it was asked to |
| \`data\` | what came of it; null where there is nothing to say |
| \`error\` | \`code\` (stable), \`message\`, \`exit_code\`, \`retryable\`, and where known \`retry_after_ms\`, \`details\`, \`request_id\` |
| \`missing\` | flags and arguments that were needed and not given |
| \`choices\` | what would have been accepted |
| \`next\` | commands that help, best first, each with when it does |
| \`warnings\` | what a person should know all the same |
| \`meta\` | \`request_id\` and \`correlation_id\` to find the call by; \`idempotency_key\` to repeat it with |

Commands that follow something print a line of JSON for each event, and the document as the last line.`;

const FILES = `## Configuration files

A setting comes from a flag, else from the environment, else from the project file, else from the configuration.

| file | holds |
|---|---|
| \`config.json\` in \`ORCHESTRATOR_CONFIG_DIR\`, or \`~/.config/orchestrator\` | profiles: address of the API, token, Redis; for your eyes only (0600) |
| \`.orchestrator.json\` in the working folder or above it | \`{"project": "todo-api"}\` and nothing else: it comes with a checkout |`;

/** The reference of the command line, as Markdown. */
export async function cliDocument(): Promise<string> {
  const helps = await Promise.all((Object.keys(commandTable) as CommandId[]).map(describeCommand));
  const globals = helps[0]?.flags.filter(({ global }) => global) ?? [];
  const sections = listTopics().map(({ topic, summary }) => {
    const own = helps.filter(({ command }) => command === topic || command.startsWith(`${topic} `));
    return [`## ${topic}`, `${summary}.`, ...own.map(commandSection)].join('\n\n');
  });
  const parts = [
    INTRODUCTION,
    contents(helps),
    `## Global flags\n\n${flagTable(globals)}`,
    ...sections,
    `## Exit codes\n\nThe same with and without \`--json\`.\n\n${exitCodeTable()}`,
    ENVELOPE,
    `## Environment\n\n${environmentTable()}`,
    FILES,
  ];
  return `${parts.join('\n\n')}\n`;
}

function contents(helps: readonly CommandHelp[]): string {
  const rows = helps.map(({ command, summary, effect }) => {
    return `| [\`${command}\`](#orchestrator-${command.replaceAll(' ', '-')}) | ${cell(summary)} | ${effects[effect] ?? effect} |`;
  });
  return ['## Commands', '', '| command | | effect |', '|---|---|---|', ...rows].join('\n');
}

const effects: Record<string, string> = { read: 'reads', change: 'changes', destroy: 'destroys' };

function commandSection(help: CommandHelp): string {
  const flags = help.flags.filter(({ global }) => !global);
  const args = help.arguments.map(({ name, choices, description }) => ({ name, choices, description, global: false }));
  const parts = [`### orchestrator ${help.command}`, `${help.summary}.`];
  if (help.description) parts.push(help.description.replaceAll('\n', '\n\n'));
  parts.push(`\`\`\`\n${help.usage}\n\`\`\``);
  if (args.length + flags.length > 0) parts.push(flagTable([...args, ...flags] as FlagHelp[]));
  parts.push(`\`\`\`sh\n${help.examples.join('\n')}\n\`\`\``);
  parts.push(`Exit codes: ${help.exit_codes.map(({ code }) => code).join(', ')}.`);
  return parts.join('\n\n');
}

function flagTable(flags: readonly FlagHelp[]): string {
  const rows = flags.map(({ name, value = '', choices, description }) => {
    const shown = `${name}${value.startsWith('[') || value === '' ? '' : ' '}${value}`;
    const listed = choices ? `: ${choices.map((choice) => `\`${choice}\``).join(', ')}` : '';
    return `| \`${shown}\` | ${cell(description)}${listed} |`;
  });
  return ['| | |', '|---|---|', ...rows].join('\n');
}

function exitCodeTable(): string {
  return ['| exit | meaning |', '|---|---|', ...exitCodes.map(({ code, meaning }) => `| ${code} | ${meaning} |`)].join(
    '\n',
  );
}

function environmentTable(): string {
  const rows = variables.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
  return ['| variable | meaning |', '|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
