import { parseReference } from '@codegen/contracts';
import { PermanentError } from '@codegen/sdk/errors';

/** Where references lead to. */
export interface ReferenceSources {
  /** Asks the API's vault; undefined where no API is configured. */
  readonly resolveSecret: ((reference: string) => Promise<{ values: Record<string, string> }>) | undefined;
  /** This process's own variables. */
  readonly variable: (name: string) => string | undefined;
}

export interface AgentEnvironment {
  readonly env: Record<string, string>;
  /** Names whose values came from references. */
  readonly secretNames: string[];
}

// A message chooses what an agent works on, not what runs: that is the operator's.
const RESERVED = /^(PATH|HOME|TMPDIR|SHELL|ENV|BASH_ENV|NODE_OPTIONS|LD_.*|AGENT_.*|WORKER_.*|GIT_.*)$/;
// The manager's own credentials are nobody's business.
const OWN = /^(REDIS_URL|DATABASE_URL|API_TOKEN.*|ADMIN_TOKEN.*|VAULT_KEY.*)$/;

/**
 * Puts together what an agent gets: the operator's variables, over them the command's. References are resolved here, at
 * the last moment; anything else is taken as it is.
 * @throws {PermanentError} naming the variable that cannot be had; what the vault throws, where it is away
 */
export async function resolveEnvironment(
  own: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>>,
  sources: ReferenceSources,
): Promise<AgentEnvironment> {
  const found: AgentEnvironment = { env: {}, secretNames: [] };
  for (const [name, text] of Object.entries({ ...own, ...asked })) {
    const fromMessage = name in asked;
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new PermanentError(`${JSON.stringify(name)} is no variable name`);
    if (fromMessage && RESERVED.test(name)) throw new PermanentError(`${name} may not be set by a message`);
    const reference = parseReference(text);
    if (reference?.kind === 'none') continue;
    if (reference) found.secretNames.push(name);
    if (!reference) {
      found.env[name] = text;
    } else if (reference.kind === 'env') {
      if (fromMessage && OWN.test(reference.name)) throw new PermanentError(`${name}: ${text} may not be given away`);
      const value = sources.variable(reference.name);
      if (value === undefined) throw new PermanentError(`${name}: ${text} is not set for worker-manager`);
      found.env[name] = value;
    } else {
      found.env[name] = await fromVault(name, text, reference.scope === 'project' && !reference.name, sources);
    }
  }
  return found;
}

async function fromVault(name: string, text: string, whole: boolean, { resolveSecret }: ReferenceSources) {
  if (whole) throw new PermanentError(`${name}: ${text} is every secret of a project; name one: ${text}/NAME`);
  if (!resolveSecret) throw new PermanentError(`${name}: ${text} needs the API; set API_URL and API_TOKEN`);
  const { values } = await resolveSecret(text);
  const value = values[text.split('/').at(-1) as string];
  if (value === undefined) throw new PermanentError(`${name}: there is no secret ${text}; put it with the CLI`);
  return value;
}
