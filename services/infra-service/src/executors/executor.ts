import type { AnsibleDeployMessage, AnsibleDeployResult } from '@codegen/contracts';

/** What is to serve where. */
export interface ReleaseTarget {
  readonly repo_full_name: string;
  /** What git clones that repository by. */
  readonly clone_url: string;
  /** Where clients reach it. */
  readonly server_ip: string;
  readonly allocated_port: number;
  readonly secrets_ref: string;
}

/** A message that fits what is known of its project. */
export type CheckedDeploy = AnsibleDeployMessage & { readonly clone_url: string };

export type DeployReason = NonNullable<AnsibleDeployResult['reason']>;

export interface DeployContext {
  /** Aborted when the service stops, and the deploy comes again; or with a DeployFailure, when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** Tells whoever watches the task how far it is. */
  progress(message: string): Promise<void>;
  /** Asked before the switch. @throws {DeployFailure} where the task has ended meanwhile: the old release serves on */
  requireWanted(): Promise<void>;
}

/** Brings a commit to run on a server: on this machine, or on another one. */
export interface Executor {
  /**
   * Settles when the commit serves at the message's address; doing it again is harmless.
   * @throws {DeployFailure} where the commit cannot run there; whatever served before still does
   */
  deploy(message: CheckedDeploy, context: DeployContext): Promise<{ url: string }>;
  /** Whether an address is that of a server that this one deploys to. */
  isHere(serverIp: string): boolean;
  /** Whether a release of the project runs here, or is being started. */
  runs(projectId: string): boolean;
  /** Runs a commit that served here before, and whose release is gone; keeps trying in the background. */
  runAgain(projectId: string, target: ReleaseTarget, sha: string): void;
  stop(): Promise<void>;
}

export interface FailureDetails {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number | null;
  /** With `port_in_use`: another port that is free there. */
  readonly freePort?: number | undefined;
}

/** A deploy that ended: the answer is `failed`, with this reason and text. */
export class DeployFailure extends Error {
  constructor(
    readonly reason: DeployReason | undefined,
    message: string,
    readonly details: FailureDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeployFailure';
  }
}
