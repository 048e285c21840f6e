import { type ProjectManifest, RELEASE_VARIABLES } from '@codegen/contracts';
import { DeployFailure } from '../executors/executor.js';

/**
 * The values that a project's environment contract asks for: its secrets, else its defaults; nothing undeclared.
 * @throws {DeployFailure} naming every required one that has neither, or one whose value no environment can hold
 */
export function contractEnvironment(
  contract: ProjectManifest['environment'],
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const missing = contract.filter(
    (entry) => entry.required && !OURS.has(entry.name) && givenValue(entry, secrets) === undefined,
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new DeployFailure('secret_missing', `the project needs ${names}: set each as a secret, then deploy again`);
  }
  return Object.fromEntries(
    contract.flatMap((entry) => {
      const value = givenValue(entry, secrets);
      // The refusal of the system itself would quote the value.
      if (value?.includes('\0')) {
        const error = `${entry.name} holds a NUL character, which no environment can: set it again without, then deploy again`;
        throw new DeployFailure(undefined, error);
      }
      return value === undefined ? [] : [[entry.name, value]];
    }),
  );
}

export interface ReleasePlace {
  readonly path: string;
  readonly home: string;
  readonly host: string;
  readonly port: number;
  readonly sha: string;
}

/** The whole environment of a release: its contract, and what each release is told. Nothing of this service's own. */
export function releaseEnvironment(
  contract: Readonly<Record<string, string>>,
  { path, home, host, port, sha }: ReleasePlace,
): Record<string, string> {
  const told = { PATH: path, HOME: home, HOST: host, PORT: String(port), RELEASE: sha };
  return { LANG: 'C.UTF-8', NODE_ENV: 'production', ...contract, ...told };
}

/** Variables that a contract may name but not set. */
const OURS = new Set<string>(RELEASE_VARIABLES);

function givenValue(
  entry: ProjectManifest['environment'][number],
  secrets: Readonly<Record<string, string>>,
): string | undefined {
  return Object.hasOwn(secrets, entry.name) ? secrets[entry.name] : entry.default;
}
