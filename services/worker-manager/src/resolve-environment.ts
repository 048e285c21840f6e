import { parseReference, type Task, type WorkerRefusal } from '@codegen/contracts';
import { PermanentError } from '@codegen/sdk/errors';
import { isSecretVariable } from '@codegen/sdk/text';
import { type AgentCommand, isReserved } from './agents-file.js';

/** Where references lead to. */
export interface ReferenceSources {
  /** Asks the API's vault; undefined where no API is configured. */
  readonly resolveSecret: ((reference: string) => Promise<{ values: Record<string, string> }>) | undefined;
  /** A task as the API knows it; undefined where no API is configured. */
  readonly task: ((taskId: string) => Promise<Pick<Task, 'project_id' | 'status' | 'epoch'>>) | undefined;
  /** This process's own variables. */
  readonly variable: (name: string) => string | undefined;
  /** Those of them that a message may refer to; the operator's list. */
  readonly openVariables: ReadonlySet<string>;
}

export interface AgentEnvironment {
  readonly env: Record<string, string>;
  /** Names whose values came from references, and those of the operator's plain values that may be secrets. */
  readonly secretNames: string[];
}

/** Why a command is not carried out: for programs, and for a person. */
export interface Refusal {
  readonly refusal: WorkerRefusal;
  readonly error: string;
}

/** A refusal on the way out of what was asked. */
export class RefusedError extends PermanentError {
  constructor(readonly refused: Refusal) {
    super(refused.error);
  }
}

/** What the operator says of an agent's variables. */
type AgentVariables = Pick<AgentCommand, 'env' | 'allowEnv'>;

// The manager's own credentials are nobody's business.
const OWN = /^(REDIS_URL|DATABASE_URL|API_TOKEN.*|ADMIN_TOKEN.*|VAULT_KEY.*)$/;

/** Why a message may not have these variables, whatever is running; undefined where it may. */
export function askedTooMuch(
  asked: Readonly<Record<string, string>>,
  { env = {}, allowEnv = [] }: AgentVariables,
  { openVariables }: Pick<ReferenceSources, 'openVariables'>,
): Refusal | undefined {
  const notAllowed = (error: string): Refusal => ({ refusal: 'not_allowed', error });
  for (const [name, text] of Object.entries(asked)) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      return { refusal: 'invalid', error: `${JSON.stringify(name)} is no variable name` };
    if (Object.hasOwn(env, name))
      return notAllowed(`${name} is set by the operator for this agent: a message may not change it`);
    const isOpen = allowEnv.some((one) => one === name || (one.endsWith('*') && name.startsWith(one.slice(0, -1))));
    if (!isOpen || isReserved(name)) {
      return notAllowed(
        `${name} may not be set by a message: the operator names what may be in "allowEnv" of the agents file`,
      );
    }
    const reference = parseReference(text);
    if (reference?.kind === 'env' && (OWN.test(reference.name) || !openVariables.has(reference.name))) {
      return notAllowed(
        `${name}: ${text} may not be given away: the operator names what may be in WORKER_ENV_ALLOWLIST`,
      );
    }
    if (reference?.kind === 'vault' && reference.scope === 'platform') {
      return notAllowed(`${name}: ${text} is for the operator's agents file, not for a message`);
    }
  }
  return undefined;
}

/**
 * Puts together what an agent gets: the operator's variables, and those of the command that the operator leaves to it.
 * References are resolved here, at the last moment; anything else is taken as it is. A message may come from anybody who
 * reaches Redis: it gets secrets of a project only for a task of that project which the API says is running.
 * @throws {PermanentError} naming the variable that cannot be had; what the API throws, where it is away
 */
export async function resolveEnvironment(
  agent: AgentVariables,
  {
    env_vars: asked,
    context,
  }: { env_vars: Readonly<Record<string, string>>; context: Readonly<Record<string, string>> },
  sources: ReferenceSources,
): Promise<AgentEnvironment> {
  const tooMuch = askedTooMuch(asked, agent, sources);
  if (tooMuch) throw new RefusedError(tooMuch);
  const found: AgentEnvironment = { env: {}, secretNames: [] };
  const mine = Object.entries(agent.env ?? {}).map(([name, text]) => ({ name, text, isAsked: false }));
  const theirs = Object.entries(asked).map(([name, text]) => ({ name, text, isAsked: true }));
  for (const { name, text, isAsked } of [...mine, ...theirs]) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw invalid(`${JSON.stringify(name)} is no variable name`);
    const reference = parseReference(text);
    if (reference?.kind === 'none') continue;
    if (reference || (!isAsked && isSecretVariable(name, text))) found.secretNames.push(name);
    if (!reference) {
      found.env[name] = text;
    } else if (reference.kind === 'env') {
      const value = sources.variable(reference.name);
      if (value === undefined) throw invalid(`${name}: ${text} is not set for worker-manager`);
      found.env[name] = value;
    } else {
      const ofProject = reference.scope === 'project' ? reference : undefined;
      if (isAsked && ofProject) {
        const why = await notAtHand(ofProject.projectId, context, sources);
        if (why) throw new RefusedError({ refusal: 'not_allowed', error: `${name}: ${text} ${why}` });
      }
      found.env[name] = await fromVault(name, text, ofProject !== undefined && !ofProject.name, sources);
    }
  }
  // The refusal of the system itself would quote the value.
  const broken = Object.keys(found.env).find((name) => found.env[name]?.includes('\0'));
  if (broken) throw invalid(`${broken} holds a NUL character, which no environment can: set it again without`);
  return found;
}

/** Why a command gets no secret of a project; undefined where the API says that a task of that project runs for it. */
async function notAtHand(
  projectId: string,
  { task_id, project_id, epoch }: Readonly<Record<string, string>>,
  { task }: ReferenceSources,
): Promise<string | undefined> {
  if (!task) return 'needs the API; set API_URL and API_TOKEN';
  if (!task_id) return "is for a worker of that project's running task, and the command names none";
  if (project_id !== projectId) return 'is of another project than the worker';
  const found = await task(task_id);
  if (found.project_id !== projectId) return `is of another project than the task ${task_id}`;
  const runs = found.status === 'running' && String(found.epoch) === epoch;
  return runs ? undefined : `is for a worker of a running task, and ${task_id} does not run with the epoch ${epoch}`;
}

async function fromVault(name: string, text: string, whole: boolean, { resolveSecret }: ReferenceSources) {
  if (whole) throw invalid(`${name}: ${text} is every secret of a project; name one: ${text}/NAME`);
  if (!resolveSecret) throw invalid(`${name}: ${text} needs the API; set API_URL and API_TOKEN`);
  const { values } = await resolveSecret(text);
  const secret = text.split('/').at(-1) as string;
  const value = Object.hasOwn(values, secret) ? values[secret] : undefined;
  if (value === undefined) throw invalid(`${name}: there is no secret ${text}; put it with the CLI`);
  return value;
}

function invalid(error: string): RefusedError {
  return new RefusedError({ refusal: 'invalid', error });
}
