import type { AnsibleDeployMessage } from '@codegen/contracts';
import type { Logger } from '@codegen/sdk/queue';
import type { InfraServiceConfig, splitEnvironment } from '../config.js';
import { DeployFailure, type Executor } from './executor.js';
import { startLocalExecutor } from './local.js';

/** What an executor may need of the service. */
export interface ExecutorContext {
  readonly config: InfraServiceConfig;
  readonly environment: ReturnType<typeof splitEnvironment>;
  resolveSecrets(reference: string, projectId: string, signal: AbortSignal): Promise<Record<string, string>>;
  readonly logger: Logger;
}

/** Starts the executor of each kind of server. */
export type ExecutorKinds = Readonly<Record<string, (context: ExecutorContext) => Promise<Executor>>>;

/** Every kind of server that releases are deployed to. */
export const builtInExecutors: ExecutorKinds = {
  local: ({ config, environment, resolveSecrets, logger }) =>
    startLocalExecutor({
      releasesDir: config.releasesDir,
      reposDir: config.reposDir,
      host: config.host,
      path: environment.path,
      installEnvironment: environment.install,
      healthTimeoutMs: config.healthTimeoutMs ?? 30_000,
      installTimeoutMs: config.installTimeoutMs ?? 300_000,
      drainMs: config.drainMs ?? 10_000,
      stopGraceMs: config.stopGraceMs ?? 5000,
      ...(config.releaseIdleMs === undefined ? {} : { forwarderLimits: { releaseIdleMs: config.releaseIdleMs } }),
      resolveSecrets,
      logger,
    }),
};

/** The kind of server that a message is about. Older senders know local ones alone. */
export function kindOf({ server_kind }: Pick<AnsibleDeployMessage, 'server_kind'>): string {
  return server_kind ?? 'local';
}

/** The executors that run, by the kind of server. */
export class Executors {
  readonly #running: ReadonlyMap<string, Executor>;

  private constructor(running: ReadonlyMap<string, Executor>) {
    this.#running = running;
  }

  /** @throws what the first one throws that does not start; those before it are stopped */
  static async start(kinds: ExecutorKinds, context: ExecutorContext): Promise<Executors> {
    const running = new Map<string, Executor>();
    const executors = new Executors(running);
    try {
      for (const [kind, start] of Object.entries(kinds)) running.set(kind, await start(context));
    } catch (error) {
      await executors.stop();
      throw error;
    }
    return executors;
  }

  /** Undefined where no executor serves servers of that kind. */
  get(kind: string): Executor | undefined {
    return this.#running.get(kind);
  }

  /** The executor for a message. @throws {DeployFailure} where there is none, saying what to do */
  of(message: Pick<AnsibleDeployMessage, 'server_kind' | 'server_ip'>): Executor {
    const kind = kindOf(message);
    const executor = this.get(kind);
    if (executor) return executor;
    const text = `server ${message.server_ip} is of the kind ${kind}, and this infra-service serves the kinds ${[...this.#running.keys()].sort().join(', ')}: correct the kind (orchestrator infra server set HANDLE --kind KIND), or run an infra-service that has it; then deploy again`;
    throw new DeployFailure(undefined, text);
  }

  /** Whether any of them runs a release of the project. */
  runs(projectId: string): boolean {
    return [...this.#running.values()].some((executor) => executor.runs(projectId));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((executor) => executor.stop()));
  }
}
