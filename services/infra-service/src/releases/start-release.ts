import { setTimeout as sleep } from 'node:timers/promises';
import type { Redactor } from '@codegen/sdk/text';
import { DeployFailure } from '../executors/executor.js';
import { Upstream } from '../forwarder/upstream.js';
import { checkHealth } from './check-health.js';
import { freePort } from './free-port.js';
import { type Exit, type MarkedProcess, startMarkedProcess } from './marked-process.js';
import { releaseEnvironment } from './release-environment.js';

/** Releases are reached through their forwarder alone. */
export const RELEASE_HOST = '127.0.0.1';
const PORT_TRIES = 5;
const PROBE_EVERY_MS = 50;
const PROBE_TIMEOUT_MS = 5000;
const LEAST_PROBE_MS = 1000;

export interface ReleasePlan {
  readonly projectId: string;
  readonly sha: string;
  readonly folder: string;
  readonly home: string;
  readonly argv: readonly string[];
  /** What its environment contract asks for. */
  readonly contract: Readonly<Record<string, string>>;
  /** Knows the values that are shown nowhere. */
  readonly redactor: Redactor;
}

export interface Release {
  readonly plan: ReleasePlan;
  readonly process: MarkedProcess;
  readonly upstream: Upstream;
  readonly startedAt: Date;
}

export interface StartSettings {
  readonly path: string;
  readonly healthTimeoutMs: number;
  readonly stopGraceMs: number;
  marker(projectId: string, sha: string): string;
}

/**
 * Starts a release on a port of its own and waits until it is healthy. One that is not is ended with all it started.
 * @throws {DeployFailure} start_failed, unhealthy
 */
export async function startRelease(plan: ReleasePlan, settings: StartSettings, signal: AbortSignal): Promise<Release> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort(RELEASE_HOST);
    signal.throwIfAborted();
    const place = { path: settings.path, home: plan.home, host: RELEASE_HOST, port, sha: plan.sha };
    const running = await startMarkedProcess({
      argv: plan.argv as [string, ...string[]],
      folder: plan.folder,
      environment: releaseEnvironment(plan.contract, place),
      marker: settings.marker(plan.projectId, plan.sha),
      redactor: plan.redactor,
    });
    const startedAt = new Date();
    try {
      await waitUntilHealthy(running, plan, port, settings.healthTimeoutMs, signal);
      return { plan, process: running, upstream: new Upstream(RELEASE_HOST, port), startedAt };
    } catch (error) {
      await running.stop(settings.stopGraceMs);
      // Between finding the port free and binding it, somebody else was quicker.
      if (!lostItsPort(error) || tries === PORT_TRIES) throw error;
    }
  }
}

async function waitUntilHealthy(
  running: MarkedProcess,
  plan: ReleasePlan,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let exit: Exit | undefined;
  const exited = running.exited.then((end) => {
    exit = end;
  });
  const cancelled = aborted(signal);
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // The last probe too gets time for a real answer, since that is what the failure tells.
    const probeMs = Math.min(PROBE_TIMEOUT_MS, Math.max(LEAST_PROBE_MS, deadline - Date.now()));
    const probe = checkHealth(RELEASE_HOST, port, plan.sha, probeMs);
    const wrong = await Promise.race([probe, exited.then(() => 'it ended'), cancelled]);
    signal.throwIfAborted();
    if (exit) throw startFailed(exit, running, plan);
    if (wrong === undefined) return;
    if (Date.now() >= deadline) {
      const why = plan.redactor.clean(wrong);
      throw new DeployFailure('unhealthy', `not healthy within ${timeoutMs / 1000} s: ${why}`, running.output());
    }
    await Promise.race([sleep(PROBE_EVERY_MS), exited]);
  }
}

function startFailed({ code, signal }: Exit, running: MarkedProcess, plan: ReleasePlan): DeployFailure {
  const end = signal
    ? `was ended by ${signal}`
    : code === null
      ? 'could not be started'
      : `ended with exit code ${code}`;
  const text = `the start command (${plan.argv[0]}) ${end} before GET /health answered: see stderr`;
  return new DeployFailure('start_failed', text, { ...running.output(), exitCode: code });
}

function lostItsPort(error: unknown): boolean {
  return error instanceof DeployFailure && /EADDRINUSE|address already in use/i.test(error.details.stderr ?? '');
}

function aborted(signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.resolve('aborted');
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true }));
}
