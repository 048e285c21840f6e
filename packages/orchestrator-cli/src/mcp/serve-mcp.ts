import { pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type ServerNotification,
} from '@modelcontextprotocol/sdk/types.js';
import { type CommandId, commandTable, entryOf } from '../command-table.js';
import { loadCommand } from '../generated/load-command.js';
import type { Runtime } from '../kit/runtime.js';
import { readVersion } from '../version.js';
import { callTool } from './call-tool.js';
import type { Offer } from './offer.js';
import { onlyMessages } from './only-messages.js';
import { toolOf } from './tool-of.js';
import { toolName } from './tool-words.js';

/** Milliseconds that calls get to end when the server does. */
const GRACE_MS = 400;
/** Bytes that a message may have: a spec has a tenth of it at most. */
const MESSAGE_BYTES = 10 * 2 ** 20;
/** What is done with which tools, in its order. */
const WORK: readonly [CommandId, string][] = [
  ['project.create', 'create a project'],
  ['engineering.start', 'start engineering with a spec'],
  ['engineering.wait', 'wait for the task'],
  ['deploy.start', 'start a deploy'],
  ['deploy.wait', 'wait for it'],
];
const SEEN = ['project', 'task', 'queue', 'worker'];
const WAITING = 'Waiting answers STILL_RUNNING after 50 seconds: wait again. ';
const ALWAYS =
  'Every answer is an envelope: ok, and data or error (a stable code, a message, and retryable where the same call may ' +
  'work in a moment). next has the tools that help after an error, with their arguments (fill_in names those that you have to give), or for_a_person what whoever ' +
  'runs this server may do; lines has what happened while something was followed; warnings say what else is to be known.';

/**
 * Serves the offered commands as MCP tools on standard input and output, until standard input ends or the signal.
 * @throws the signal's reason; OrchestratorError USAGE for a message that is too long, after which none can be read
 */
export async function serveMcp({ env, signal }: Pick<Runtime, 'env' | 'signal'>, offered: Offer): Promise<void> {
  const ids = new Map(offered.ids.map((id) => [toolName(id), id]));
  const { version } = await readVersion();
  const server = new Server(
    { name: 'orchestrator', version },
    { capabilities: { tools: {} }, instructions: instructionsOf(offered) },
  );
  const stopping = new AbortController();
  const calls = new Set<Promise<unknown>>();

  server.setRequestHandler(ListToolsRequestSchema, async () => {
    return { tools: await Promise.all([...ids.values()].map(async (id) => toolOf(await loadCommand(id)))) };
  });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const id = ids.get(params.name);
    if (id === undefined) {
      throw new McpError(ErrorCode.InvalidParams, noSuchTool(params.name, [...ids.keys()]));
    }
    const context = {
      env: { ...env, ALLOWED_COMMANDS: offered.granted.join(',') },
      signal: AbortSignal.any([extra.signal, stopping.signal]),
      progress: progressTo(extra.sendNotification, extra._meta?.progressToken),
    };
    const call = callTool(id, params.arguments, context);
    calls.add(call);
    return await call.finally(() => calls.delete(call));
  });

  const { stdin } = process;
  keepStandardInput();
  const lines = onlyMessages(MESSAGE_BYTES, (line) => void process.stdout.write(line));
  const ended = new Promise<void>((resolve, reject) => {
    // The transport gives up by itself only where a message outgrows what it keeps.
    server.onclose = () => reject(tooLong());
    for (const name of ['end', 'close', 'error']) lines.once(name, () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  pipeline(stdin, lines, () => undefined);
  await server.connect(new StdioServerTransport(lines, process.stdout, { maxBufferSize: MESSAGE_BYTES }));
  await ended;
  stopping.abort(signal.aborted ? signal.reason : new OrchestratorError('TERMINATED', 'the client has gone'));
  await Promise.race([Promise.allSettled(calls), sleep(GRACE_MS)]);
  await server.close();
  lines.destroy();
  signal.throwIfAborted();
}

/** Names only what is offered. */
function instructionsOf({ ids }: Offer): string {
  const starts = ids.includes('engineering.start') || ids.includes('deploy.start');
  const work = WORK.flatMap(([id, words]) => (ids.includes(id) ? [words] : [])).join(', ');
  const seen = SEEN.filter((topic) => ids.some((id) => id.startsWith(`${topic}.`))).map((topic) => `${topic}s`);
  const what = starts
    ? `Tools to have software built and put at a URL: ${work}. Starting returns at once. `
    : `Tools to look at ${seen.join(', ') || 'the system'}. Whoever starts this server may offer more with --allow. `;
  return `${what}${ids.some((id) => id.endsWith('.wait')) ? WAITING : ''}${ALWAYS}`;
}

/** What a client hears of a name that is no tool here; of a command that is not offered, how it would be. */
function noSuchTool(name: string, names: readonly string[]): string {
  const there = `there are: ${names.join(', ') || 'none'}`;
  const id = (Object.keys(commandTable) as CommandId[]).find((one) => toolName(one) === name);
  if (id === undefined) return `there is no such tool here; ${there}`;
  const { notInMcp } = entryOf(id);
  const why =
    notInMcp === undefined
      ? `is not offered; ask whoever runs this server, who may offer it with --allow ${id}, within ALLOWED_COMMANDS and the key`
      : `is for a person alone: it ${notInMcp}`;
  return `there is no such tool here: ${name} ${why}; ${there}`;
}

function tooLong(): OrchestratorError {
  return new OrchestratorError('USAGE', `a message on standard input is longer than ${MESSAGE_BYTES / 2 ** 20} MiB`, {
    next: [{ command: 'orchestrator mcp', when: 'to serve again; send long texts in parts' }],
  });
}

/** Standard input is the protocol's: a command that reads it finds it empty. */
function keepStandardInput(): void {
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => Readable.from([]) });
}

/** Tells a client that asked for it what happens. One that has gone is no error. */
function progressTo(
  send: (notification: ServerNotification) => Promise<void>,
  progressToken: string | number | undefined,
): (message: string) => void {
  let progress = 0;
  return (message) => {
    if (progressToken === undefined) return;
    progress += 1;
    const params = { progressToken, progress, message };
    send({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}
