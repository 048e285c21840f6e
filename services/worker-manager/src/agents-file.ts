import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { parseReference } from '@codegen/contracts';
import { FileError, parseFile, readRegularFile } from '@codegen/sdk/files';
import type { Environment } from '@codegen/sdk/service';

/** A command that a custom agent may be. Values in `env` may be references. */
export interface AgentCommand {
  command: string[];
  env?: Record<string, string>;
  /** Names, and beginnings of names before a `*`, that a message may set. None by default; never one that `env` has. */
  allowEnv?: string[];
}

/** What is wrong in an agents file, and where: `mine.env.TOKEN`. Neither repeats a value. */
export interface AgentsProblem {
  readonly path: string;
  readonly message: string;
}

/** An agents file that cannot be used: all that is wrong with it. */
export class AgentsFileError extends Error {
  override readonly name = 'AgentsFileError';

  constructor(
    readonly file: string,
    readonly problems: readonly AgentsProblem[],
  ) {
    const told = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    super(`the agents file ${file} does not fit: ${told.join('; ')}`);
  }
}

const MOST_BYTES = 1024 * 1024;
const SHAPE = '{"name": {"command": ["program", "argument"], "env": {"NAME": "value"}, "allowEnv": ["NAME", "APP_*"]}}';
const KEYS = ['command', 'env', 'allowEnv'];
const NAME = /^[A-Za-z_]\w*$/;

/**
 * The agents that the operator's file names, checked as far as can be told before any of them runs: what it refers to in
 * `env` is this process's environment. What the vault holds may change while the system runs, so that is not looked up.
 * @throws {AgentsFileError} with everything that is wrong
 */
export async function readAgentsFile(file: string, env: Environment): Promise<Record<string, AgentCommand>> {
  const agents = await contentsOf(file);
  if (!isMap(agents)) throw new AgentsFileError(file, [{ path: '', message: `it must hold ${SHAPE}` }]);
  const problems = Object.entries(agents).flatMap(([name, agent]) => [...problemsOf(name, agent, env)]);
  if (problems.length > 0) throw new AgentsFileError(file, problems);
  return agents as Record<string, AgentCommand>;
}

async function contentsOf(file: string): Promise<unknown> {
  try {
    // A link is the operator's own.
    const bytes = await readRegularFile(file, { mostBytes: MOST_BYTES, name: 'it', links: 'follow' });
    if (bytes) return parseFile('it', 'JSON', bytes.toString(), JSON.parse);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new AgentsFileError(file, [{ path: '', message: error.message }]);
  }
  throw new AgentsFileError(file, [{ path: '', message: 'there is no such file: make it, or name another one' }]);
}

function* problemsOf(name: string, agent: unknown, env: Environment): Generator<AgentsProblem> {
  if (!isMap(agent)) return yield { path: name, message: `it must be {"command": ["program", "argument"]}` };
  for (const key of Object.keys(agent).filter((one) => !KEYS.includes(one))) {
    const meant = KEYS.find((one) => one.toLowerCase() === key.toLowerCase().replace(/[_-]/g, ''));
    const hint = meant === undefined ? `there are ${KEYS.join(', ')}` : `write ${meant}`;
    yield { path: `${name}.${key}`, message: `there is no such key: ${hint}` };
  }
  const { command, env: variables = {}, allowEnv = [] } = agent;
  const areVariables = isMap(variables);
  const ownPath = areVariables ? variables.PATH : undefined;
  yield* commandProblems(`${name}.command`, command, typeof ownPath === 'string' ? ownPath : env.PATH);
  if (!areVariables) yield { path: `${name}.env`, message: 'it must be {"NAME": "value or reference"}' };
  else for (const one of Object.entries(variables)) yield* variableProblems(`${name}.env`, one, env);
  yield* openingProblems(`${name}.allowEnv`, allowEnv, areVariables ? variables : {});
}

function* commandProblems(path: string, command: unknown, search: string | undefined): Generator<AgentsProblem> {
  if (!isArgv(command)) return yield { path, message: 'it must be a list of texts: ["program", "argument"]' };
  const [program = ''] = command;
  const what = JSON.stringify(program);
  if (!program.includes('/')) {
    if ((search ?? '').split(delimiter).some((folder) => isProgram(join(folder, program)))) return;
    yield { path, message: `${what} is not on the PATH: install it, or give its whole path` };
  } else if (!isAbsolute(program)) {
    yield { path, message: `${what} would be looked for in each project's clone: give its whole path` };
  } else if (!isProgram(program)) {
    yield { path, message: `${what} is no program that this account may run: correct the path, or chmod +x it` };
  }
}

function* variableProblems(at: string, [name, value]: [string, unknown], env: Environment): Generator<AgentsProblem> {
  const path = `${at}.${name}`;
  if (!NAME.test(name)) yield { path, message: 'that is no variable name: letters, digits and _, no digit first' };
  if (typeof value !== 'string') return yield { path, message: 'it must be a text: a value or a reference' };
  if (value.includes('\0')) yield { path, message: 'it holds a NUL character, which no environment can: take it out' };
  const reference = parseReference(value);
  if (reference?.kind === 'env' && env[reference.name] === undefined) {
    yield { path, message: `${value} is not set here: set it where the system is started, or give another value` };
  }
  if (reference?.kind === 'vault' && reference.scope === 'project' && reference.name === undefined) {
    yield { path, message: `${value} is every secret of a project: name one, ${value}/NAME` };
  }
  if (!reference && /^(env|vault|none):/.test(value)) {
    yield { path, message: 'that is no reference: write env:NAME, vault:platform/NAME or vault:project/ID/NAME' };
  }
}

function* openingProblems(at: string, allowEnv: unknown, set: Record<string, unknown>): Generator<AgentsProblem> {
  if (!Array.isArray(allowEnv)) return yield { path: at, message: 'it must be a list: ["NAME", "APP_*"]' };
  for (const [index, one] of allowEnv.entries()) {
    const path = `${at}[${index}]`;
    if (typeof one !== 'string' || !/^[A-Za-z_]\w*\*?$/.test(one)) {
      yield { path, message: 'it must be a variable name, or the beginning of names before a *' };
    } else if (Object.hasOwn(set, one)) {
      yield { path, message: `${one} is set in env, and no message may change that: leave it out here or there` };
    } else if (isReserved(one)) {
      yield {
        path,
        message: `${one} decides what runs, and is never left to messages: set it in env, or leave it out`,
      };
    }
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a command with its arguments. */
export function isArgv(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string');
}

// A message chooses what an agent works on, not what runs or whom it asks: that is the operator's, who sets such names
// in the agents file. No pattern there opens them.
const RESERVED = new RegExp(
  '^(PATH|HOME|USER|LOGNAME|PWD|TMPDIR|TE?MP|XDG_.*|SHELL|ENV|IFS|CDPATH|PS4|PROMPT_COMMAND|(BASH|SHELL)OPTS|BASH_.*|' +
    'ZDOTDIR|EDITOR|VISUAL|BROWSER|.*PAGER|LESS(OPEN|CLOSE)|.*PROXY|.*_BASE_URL|.*_CA_BUNDLE|SSL_CERT_.*|OPENSSL_.*|' +
    'AGENT_.*|WORKER_.*|GIT_.*|SSH_.*|LD_.*|DYLD_.*|GCONV_PATH|HOSTALIASES|NODE_.*|NPM_CONFIG_.*|PIP_.*|PERL.*|PYTHON.*|' +
    'RUBY.*|.*JAVA_(TOOL_)?OPTIONS|CLASSPATH|.*_OPTS|.*FLAGS|CARGO_.*|RUSTC.*|GO(SUMDB|ENV|TOOLCHAIN)|DOTNET_.*|LUA_.*|PHP.*|' +
    'BUN_.*|DENO_.*|YARN_.*|UV_.*|DOCKER_.*|KUBECONFIG|CURL_HOME|WGETRC|GNUPGHOME|CLAUDE_CONFIG_DIR|CODEX_HOME|OLLAMA_HOST|' +
    '.*_API_BASE|(AZURE_OPENAI|AWS|HF)_ENDPOINT.*|.*_CUSTOM_HEADERS)$',
  'i',
);

/** Whether no pattern of the operator's leaves a variable to messages. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name);
}
