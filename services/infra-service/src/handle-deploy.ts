import type { AnsibleDeployMessage, AnsibleDeployResult } from '@codegen/contracts';
import { type CheckedDeploy, DeployFailure, type Executor } from './executors/executor.js';

export interface DeployDeps {
  /** Fails where a message does not fit what is known of its project; before anything is made. Fills in what it leaves out. */
  check(message: AnsibleDeployMessage, signal: AbortSignal): Promise<CheckedDeploy>;
  /** Who deploys to the server of a message. @throws {DeployFailure} where nobody does */
  executorOf(message: AnsibleDeployMessage): Pick<Executor, 'deploy'>;
  /** Whether the task that asks for it has neither ended nor is to be cancelled. */
  wanted(message: AnsibleDeployMessage): Promise<boolean>;
  /** Why this machine is at fault for an error, if it is. */
  fault(error: unknown): Promise<string | undefined>;
  /** May lose a notice; never fails. */
  progress(text: string): Promise<void>;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at whether it is still wanted; 500 by default. */
  readonly wantedEveryMs?: number;
}

const WANTED_EVERY_MS = 500;

/** The answer to a request that will not be tried again. */
export function givenUp(requestId: string, error: string): AnsibleDeployResult {
  return { ...EMPTY, request_id: requestId, status: 'failed', error };
}

/** Deploys a commit; a failure of the work is an answer too. */
export async function handleDeploy(message: AnsibleDeployMessage, deps: DeployDeps): Promise<AnsibleDeployResult> {
  const started = performance.now();
  const durationMs = () => Math.round(performance.now() - started);
  const unwanted = new DeployFailure(
    undefined,
    `task ${message.task_id} has ended: nothing is deployed for it any more`,
  );
  const requireWanted = async () => {
    if (!(await deps.wanted(message))) throw unwanted;
  };
  let checked: CheckedDeploy;
  try {
    checked = await deps.check(message, deps.signal);
  } catch (error) {
    // The task that it names may be another's: nothing is said there.
    if (!(error instanceof DeployFailure)) throw error;
    return { ...givenUp(message.request_id, error.message), duration_ms: durationMs() };
  }
  const giveUp = new AbortController();
  const signal = AbortSignal.any([deps.signal, giveUp.signal]);
  let asking = false;
  const watch = setInterval(() => {
    if (asking) return;
    asking = true;
    // An API that does not answer stops nothing: it is asked again, and once more before the switch.
    requireWanted()
      .catch((error: unknown) => error === unwanted && giveUp.abort(unwanted))
      .finally(() => {
        asking = false;
      });
  }, deps.wantedEveryMs ?? WANTED_EVERY_MS);
  try {
    const { url } = await deps.executorOf(message).deploy(checked, { signal, progress: deps.progress, requireWanted });
    await deps.progress('healthy; new requests go to it now');
    return {
      ...EMPTY,
      request_id: message.request_id,
      status: 'success',
      duration_ms: durationMs(),
      deployed_url: url,
      server_ip: message.server_ip,
      port: message.port,
    };
  } catch (error) {
    const fault = signal.aborted ? undefined : await faultOf(error, deps);
    if (fault !== undefined) {
      return { ...givenUp(message.request_id, fault), duration_ms: durationMs(), system_fault: fault };
    }
    if (!(error instanceof DeployFailure)) throw error;
    await deps.progress(`deploy failed: ${error.message}`);
    const { stdout, stderr, exitCode, freePort } = error.details;
    return {
      ...givenUp(message.request_id, error.message),
      duration_ms: durationMs(),
      server_ip: message.server_ip,
      port: message.port,
      stdout: stdout ?? null,
      stderr: stderr ?? null,
      exit_code: exitCode ?? null,
      reason: error.reason ?? null,
      ...(freePort !== undefined && { free_port: freePort }),
    };
  } finally {
    clearInterval(watch);
  }
}

/** Failures that say what is wrong with the message, the project or the port: no disk makes them. */
const OF_THE_WORK = new Set<DeployFailure['reason']>([undefined, 'port_in_use', 'secret_missing']);

function faultOf(error: unknown, deps: DeployDeps): Promise<string | undefined> {
  if (!(error instanceof DeployFailure)) return deps.fault(error);
  if (OF_THE_WORK.has(error.reason)) return Promise.resolve(undefined);
  // What git and npm say; what a release says of a disk may be about anything.
  const isOurs = error.reason === 'fetch_failed' || error.reason === 'install_failed';
  return deps.fault(isOurs ? new Error(error.details.stderr, { cause: error.cause }) : new Error(''));
}

const EMPTY = {
  error: null,
  duration_ms: null,
  deployed_url: null,
  server_ip: null,
  port: null,
  stdout: null,
  stderr: null,
  exit_code: null,
} satisfies Partial<AnsibleDeployResult>;
