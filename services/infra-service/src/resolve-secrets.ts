import { parseReference } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { DeployFailure } from './executors/executor.js';

export interface SecretSources {
  readonly api: Pick<Api, 'secrets'>;
  /** What `env:NAME` may name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The secrets that a reference stands for, by name. A text that is no reference may be a secret itself: it is never repeated.
 * @throws {DeployFailure} where there is no such secret, or it is another project's
 * @throws {OrchestratorError} where the API does not say
 */
export async function resolveSecrets(
  reference: string,
  projectId: string,
  { api, environment }: SecretSources,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const parsed = parseReference(reference);
  if (!parsed) {
    throw new DeployFailure(
      'secret_missing',
      'secrets_ref is no reference: send vault:project/<id>, env:NAME or none:',
    );
  }
  if (parsed.kind === 'none') return {};
  if (parsed.kind === 'env') {
    const value = Object.hasOwn(environment, parsed.name) ? environment[parsed.name] : undefined;
    if (value !== undefined) return { [parsed.name]: value };
    throw new DeployFailure(
      'secret_missing',
      `${parsed.name} is no variable of infra-service that DEPLOY_ENV_ALLOWLIST names: set both there`,
    );
  }
  if (parsed.scope !== 'project' || parsed.projectId !== projectId) {
    throw new DeployFailure(
      'secret_missing',
      `${reference} is not this project's: refer to vault:project/${projectId}`,
    );
  }
  try {
    return (await api.secrets.resolve(reference, { signal })).values;
  } catch (error) {
    if (!isOrchestratorError(error) || error.status !== 404) throw error;
    const text = `${reference} does not exist: set the project's secrets, then deploy again`;
    throw new DeployFailure('secret_missing', text, {}, { cause: error });
  }
}
