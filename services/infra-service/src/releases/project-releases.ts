import { isDeepStrictEqual } from 'node:util';
import { type Logger, withBindings } from '@codegen/sdk/queue';
import { Redactor } from '@codegen/sdk/text';
import { type DeployContext, DeployFailure, type ReleaseTarget } from '../executors/executor.js';
import type { Forwarder } from '../forwarder/forwarder.js';
import type { ForwarderLimits } from '../forwarder/limits.js';
import { AllocatedPorts } from './allocated-ports.js';
import { checkAnswer, checkHealth } from './check-health.js';
import { readManifest } from './manifest.js';
import { type PrepareSettings, prepareRelease, type Reuse, resolveCommit } from './prepare-release.js';
import { contractEnvironment } from './release-environment.js';
import type { ProjectFolders } from './release-folders.js';
import { type ReleaseState, readReleaseState, writeReleaseState } from './release-state.js';
import { RELEASE_HOST, type Release, type ReleasePlan, type StartSettings, startRelease } from './start-release.js';
import { Supervisor } from './supervisor.js';

const KEPT_BEFORE = 2;
const PROBE_TIMEOUT_MS = 5000;
const PROBE_EVERY_MS = 10_000;

export interface ReleaseSettings extends PrepareSettings, StartSettings {
  /** How long requests may take to finish on a release that was replaced. */
  readonly drainMs: number;
  /** How often a release that serves is asked whether it still answers; every 10 s by default. */
  readonly probeEveryMs?: number | undefined;
  /** Where they differ from the usual ones. */
  readonly forwarderLimits?: Partial<ForwarderLimits> | undefined;
  resolveSecrets(reference: string, projectId: string, signal: AbortSignal): Promise<Record<string, string>>;
  readonly logger: Logger;
}

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

  /** Whether it is known what is to run. */
  get runs(): boolean {
    return this.#state !== undefined;
  }

  /** Runs what ran when the service ended, on the same port; keeps trying in the background. */
  async restore(): Promise<void> {
    const state = await readReleaseState(this.#folders.stateFile);
    if (state) this.#restore(state);
  }

  /** The same of a commit whose release and state are gone. */
  runAgain(target: ReleaseTarget, sha: string): void {
    const none = { release_port: 0, pid: 0, process_start_time: '', boot_id: '', previous: [] };
    this.#restore({ ...target, ...none, sha, started_at: new Date().toISOString() });
  }

  #restore(state: ReleaseState): void {
    if (this.#state) return;
    this.#state = state;
    this.#supervise(this.#startAgain(state, state.sha));
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
    const sha = await resolveCommit(target, revision, this.#folders, this.#settings, signal);
    const forwarder = await this.#ports.open(target.server_ip, target.allocated_port);
    try {
      await progress(`fetching and installing ${sha.slice(0, 12)}`);
      const candidate = await this.#candidate(target, sha, signal, progress);
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

  async #prepare(target: ReleaseTarget, sha: string, reuse: Reuse, signal: AbortSignal) {
    await this.#folders.ensure();
    return prepareRelease(target, sha, this.#folders, reuse, this.#settings, signal);
  }

  async #plan(target: ReleaseTarget, sha: string, folder: string, signal: AbortSignal): Promise<ReleasePlan> {
    const { projectId, home } = this.#folders;
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

  /** A healthy release of the commit, from a folder that no release has damaged, as far as that can be seen. */
  async #candidate(
    target: ReleaseTarget,
    sha: string,
    signal: AbortSignal,
    progress: (message: string) => Promise<void>,
  ): Promise<Release> {
    const start = async (reuse: Reuse): Promise<Release> => {
      const { folder, reused } = await this.#prepare(target, sha, reuse, signal);
      const plan = await this.#plan(target, sha, folder, signal);
      const same = reused ? await this.#sameAndHealthy(plan) : undefined;
      if (same) return same;
      await progress(`starting ${sha.slice(0, 12)}`);
      return startRelease(plan, this.#settings, signal).catch((error: unknown) => {
        const isInUse = this.#supervisor?.release?.plan.folder === folder;
        if (!reused || isInUse || !(error instanceof DeployFailure)) throw error;
        // It may be what cannot be compared with the commit: installed packages, say.
        return start('none');
      });
    };
    return start('intact');
  }

  /**
   * Starts a release that ran before, from its folder as it is: there may be data in it. Where that fails, the second try,
   * and every tenth after it, makes the folder anew if files of its commit are damaged.
   */
  #startAgain(target: ReleaseTarget, sha: string, plan?: ReleasePlan): (signal: AbortSignal) => Promise<Release> {
    let known = plan;
    let tries = 0;
    return async (signal) => {
      this.#forwarder ??= await this.#ports.open(target.server_ip, target.allocated_port);
      tries += 1;
      const { folder } = await this.#prepare(target, sha, tries % 10 === 2 ? 'intact' : 'any', signal);
      await this.#folders.removeAside();
      known ??= await this.#plan(target, sha, folder, signal);
      const release = await startRelease(known, this.#settings, signal);
      tries = 0;
      return release;
    };
  }

  /** Records the release as the current one, then switches to it; in this order, so that a crash between loses nothing. */
  async #adopt(candidate: Release, target: ReleaseTarget, forwarder: Forwarder): Promise<void> {
    const before = await this.#supervisor?.stop();
    try {
      await this.#record(candidate, target);
    } catch (error) {
      // Also one that was down at the moment: it goes on being tried.
      const { sha } = before?.plan ?? this.#state ?? {};
      if (this.#state && sha) this.#supervise(this.#startAgain(this.#state, sha, before?.plan), before);
      if (candidate !== before) await candidate.process.stop(this.#settings.stopGraceMs);
      throw error;
    }
    forwarder.switchTo(candidate.upstream);
    this.#forwarder = forwarder;
    this.#supervise(this.#startAgain(target, candidate.plan.sha, candidate.plan), candidate);
    if (before !== candidate) this.#retire(before);
  }

  #supervise(start: (signal: AbortSignal) => Promise<Release>, initial?: Release): void {
    const { probeEveryMs = PROBE_EVERY_MS } = this.#settings;
    const logger = withBindings(this.#settings.logger, { project_id: this.#folders.projectId });
    this.#supervisor = new Supervisor(
      {
        start,
        onUp: async (release) => {
          this.#forwarder?.switchTo(release.upstream);
          logger.info({ release: release.plan.sha }, 'release serves again');
          if (this.#state) await this.#record(release, this.#state);
        },
        probe: async ({ plan, upstream }) => {
          // It may answer still, but not as it did.
          if (!(await this.#folders.hasRelease(plan.sha))) return 'its folder is gone';
          return checkAnswer(RELEASE_HOST, upstream.port, Math.min(PROBE_TIMEOUT_MS, probeEveryMs));
        },
        probeEveryMs,
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
      clone_url: target.clone_url,
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
  #retire(release: Release | undefined): void {
    const { drainMs, stopGraceMs } = this.#settings;
    const end = async () => {
      await release?.upstream.drain(drainMs);
      await release?.process.stop(stopGraceMs);
      await this.#folders.removeAside();
    };
    this.#track(end(), release?.plan.sha ?? '');
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
