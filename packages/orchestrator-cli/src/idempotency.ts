import { createHash } from 'node:crypto';

/** Variables by which CI systems name a run, with the parts that tell its jobs apart. */
const RUNS: readonly (readonly string[])[] = [
  ['GITHUB_RUN_ID', 'GITHUB_JOB'],
  ['CI_PIPELINE_ID', 'CI_JOB_NAME'],
  ['BUILDKITE_BUILD_ID', 'BUILDKITE_STEP_ID'],
  ['CIRCLE_WORKFLOW_ID', 'CIRCLE_JOB'],
  ['BUILD_TAG'],
];

/**
 * The idempotency key of a command run by CI: the same for a job that is tried again with the same input.
 * Undefined elsewhere: there each call gets a key of its own.
 */
export function ciIdempotencyKey(command: string, input: unknown, env: NodeJS.ProcessEnv): string | undefined {
  const run = RUNS.find(([id]) => env[id as string]);
  if (!run) return undefined;
  const parts = run.map((name) => env[name] ?? '');
  const digest = createHash('sha256')
    .update(JSON.stringify([parts, command, input]))
    .digest('hex');
  return `ci-${digest.slice(0, 40)}`;
}
