import { isDeepStrictEqual } from 'node:util';
import { type Logger, withBindings } from '@codegen/sdk/queue';
import { Redactor } from '@codegen/sdk/text';
import type { DeployContext } from '../executors/executor.js';
import type { Forwarder } from '../forwarder/forwarder.js';
import type { ForwarderLimits } from '../forwarder/limits.js';
import { AllocatedPorts } from './allocated-ports.js';
import { checkHealth } from './check-health.js';
import { readManifest } from './manifest.js';
import { type PrepareSettings, prepareRelease, resolveCommit } from './prepare-release.js';
import { contractEnvironment } from './release-environment.js';
import type { ProjectFolders } from './release-folders.js';
import { type ReleaseState, readReleaseState, writeReleaseState } from './release-state.js';
import { RELEASE_HOST, type Release, type ReleasePlan, type StartSettings, startRelease } from './start-release.js';
import { Supervisor } from './supervisor.js';

const KEPT_BEFORE = 2;
const PROBE_TIMEOUT_MS = 5000;

export interface ReleaseSettings extends PrepareSettings, StartSettings {
  /** How long requests may take to finish on a release that was replaced. */
  readonly drainMs: number;
  /** Where they differ from the usual ones. */
  readonly forwarderLimits?: Partial<ForwarderLimits> | undefined;
  resolveSecrets(reference: string, projectId: string, signal: AbortSignal): Promise<Record<string, string>>;
  readonly logger: Logger;
}

/** What is to serve where: the part of the state that does not change when a release is restarted. */
export type ReleaseTarget = Pick<ReleaseState, 'repo_full_name' | 'server_ip' | 'allocated_port' | 'secrets_ref'>;

/**
 * The releases of one project on this machine: one is current and supervised behind the forwarder, those before it
 * drain and end. `deploy` is called by one caller at a time; `stop` at any time.
 */
export class ProjectReleases {
  readonly #folders: ProjectFolders;
  readonly #settings: ReleaseSettings;
  readonly #ports: AllocatedPorts;
  readonly #retiring = new Map<Promise<void>, string>();
  #supervisor: Supervisor | undefined;
  #state: ReleaseState | undefined;
  #forwarder: Forwarder | undefined;

  constructor(folders: ProjectFolders, settings: ReleaseSettings) {
    this.#folders = folders;
    this.#settings = settings;
    const logger = withBindings(settings.logger, { project_id: folders.projectId });
    this.#ports = new AllocatedPorts({ logger, limits: settings.forwarderLimits });
  }

  /** Runs what ran when the service ended, on the same port; keeps trying in the background. */
  async restore(): Promise<void> {
    const state = await readReleaseState(this.#folders.stateFile);
    if (!state) return;
    this.#state = state;
    await this.#folders.ensure();
    let plan: ReleasePlan | undefined;
    this.#supervise(async (signal) => {
      this.#forwarder ??= await this.#ports.open(state.server_ip, state.allocated_port);
      plan ??= await this.#plan(state, state.sha, signal);
      return startRelease(plan, this.#settings, signal);
    });
  }

  /**
   * Brings a commit to serve at the target's address. Until it is healthy nothing changes for clients.
   * @throws {DeployFailure} @throws {PortInUseError}
   */
  async deploy(
    target: ReleaseTarget,
    revision: string | null | undefined,
    { signal, progress, requireWanted }: DeployContext,
  ): Promise<void> {
    const sha = await resolveCommit(target.repo_full_name, revision, this.#settings, signal);
    await this.#folders.ensure();
    const forwarder = await this.#ports.open(target.server_ip, target.allocated_port);
    try {
      await progress(`fetching and installing ${sha.slice(0, 12)}`);
      const plan = await this.#plan(target, sha, signal);
      const candidate = (await this.#sameAndHealthy(plan)) ?? (await this.#startCandidate(plan, signal, progress));
      try {
        await requireWanted();
      } catch (error) {
        if (candidate !== this.#supervisor?.release) await candidate.process.stop(this.#settings.stopGraceMs);
        throw error;
      }
      await this.#adopt(candidate, target, forwarder);
    } finally {
      this.#track(
        this.#ports.closeAllBut(() => this.#forwarder, this.#settings.drainMs),
        '',
      );
      await this.#prune();
    }
  }

  /** Ends everything: no request is taken any more, those in flight get the grace, then no process is left. */
  async stop(graceMs: number): Promise<void> {
    const release = await this.#supervisor?.stop();
    await this.#ports.closeAllBut(() => undefined, graceMs);
    release?.upstream.agent.destroy();
    await release?.process.stop(this.#settings.stopGraceMs);
    await Promise.all(this.#retiring.keys());
  }

  async #plan(target: ReleaseTarget, sha: string, signal: AbortSignal): Promise<ReleasePlan> {
    const { projectId, home } = this.#folders;
    const folder = await prepareRelease(target.repo_full_name, sha, this.#folders, this.#settings, signal);
    const manifest = await readManifest(folder);
    const secrets = await this.#settings.resolveSecrets(target.secrets_ref, projectId, signal);
    const contract = contractEnvironment(manifest.environment, secrets);
    return {
      projectId,
      sha,
      folder,
      home,
      argv: manifest.start,
      contract,
      redactor: new Redactor(Object.values(secrets)),
    };
  }

  /** What serves already, where it is what is asked for: the same commit under the same environment, and healthy. */
  async #sameAndHealthy(plan: ReleasePlan): Promise<Release | undefined> {
    const release = this.#supervisor?.release;
    if (!release || !isSamePlan(release.plan, plan)) return undefined;
    const wrong = await checkHealth(RELEASE_HOST, release.upstream.port, plan.sha, PROBE_TIMEOUT_MS);
    return wrong === undefined && this.#supervisor?.release === release ? release : undefined;
  }

  async #startCandidate(
    plan: ReleasePlan,
    signal: AbortSignal,
    progress: (message: string) => Promise<void>,
  ): Promise<Release> {
    await progress(`starting ${plan.sha.slice(0, 12)}`);
    return startRelease(plan, this.#settings, signal);
  }

  /** Records the release as the current one, then switches to it; in this order, so that a crash between loses nothing. */
  async #adopt(candidate: Release, target: ReleaseTarget, forwarder: Forwarder): Promise<void> {
    const before = await this.#supervisor?.stop();
    const restart = (signal: AbortSignal) => startRelease(candidate.plan, this.#settings, signal);
    try {
      await this.#record(candidate, target);
    } catch (error) {
      if (before) this.#supervise((signal) => startRelease(before.plan, this.#settings, signal), before);
      if (candidate !== before) await candidate.process.stop(this.#settings.stopGraceMs);
      throw error;
    }
    forwarder.switchTo(candidate.upstream);
    this.#forwarder = forwarder;
    this.#supervise(restart, candidate);
    if (before && before !== candidate) this.#retire(before);
  }

  #supervise(start: (signal: AbortSignal) => Promise<Release>, initial?: Release): void {
    const logger = this.#settings.logger;
    this.#supervisor = new Supervisor(
      {
        start,
        onUp: async (release) => {
          this.#forwarder?.switchTo(release.upstream);
          logger.info({ project_id: this.#folders.projectId, release: release.plan.sha }, 'release serves again');
          if (this.#state) await this.#record(release, this.#state);
        },
        onDown: (release) => {
          if (this.#forwarder?.current === release.upstream) this.#forwarder.switchTo(undefined);
          release.upstream.agent.destroy();
        },
        logger,
      },
      initial,
    );
  }

  async #record(release: Release, target: ReleaseTarget): Promise<void> {
    const { sha } = release.plan;
    const history = this.#state ? [this.#state.sha, ...this.#state.previous] : [];
    const state: ReleaseState = {
      sha,
      repo_full_name: target.repo_full_name,
      server_ip: target.server_ip,
      allocated_port: target.allocated_port,
      release_port: release.upstream.port,
      secrets_ref: target.secrets_ref,
      pid: release.process.identity?.pid ?? 0,
      process_start_time: release.process.identity?.startTime ?? '',
      boot_id: release.process.identity?.bootId ?? '',
      started_at: release.startedAt.toISOString(),
      previous: [...new Set(history)].filter((known) => known !== sha).slice(0, KEPT_BEFORE),
    };
    await writeReleaseState(this.#folders.stateFile, state);
    this.#state = state;
  }

  /** Lets the requests of a replaced release finish, then ends it; the deploy does not wait for this. */
  #retire(release: Release): void {
    const { drainMs, stopGraceMs } = this.#settings;
    const ending = release.upstream.drain(drainMs).then(() => release.process.stop(stopGraceMs));
    this.#track(ending, release.plan.sha);
  }

  #track(work: Promise<void>, sha: string): void {
    const tracked = work
      .catch((error) => this.#settings.logger.error({ error: String(error) }, 'replaced release not ended'))
      .finally(() => this.#retiring.delete(tracked));
    this.#retiring.set(tracked, sha);
  }

  async #prune(): Promise<void> {
    const kept = this.#state ? [this.#state.sha, ...this.#state.previous] : [];
    await this.#folders
      .prune(new Set([...kept, ...this.#retiring.values()]))
      .catch((error) => this.#settings.logger.warn({ error: String(error) }, 'old releases not removed'));
  }
}

function isSamePlan(one: ReleasePlan, other: ReleasePlan): boolean {
  return (
    one.sha === other.sha && isDeepStrictEqual(one.argv, other.argv) && isDeepStrictEqual(one.contract, other.contract)
  );
}
