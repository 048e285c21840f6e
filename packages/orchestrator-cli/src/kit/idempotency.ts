import { createHash } from 'node:crypto';

/** Variables by which CI systems name a run, with those that tell its jobs and deliberate re-runs apart. */
const RUNS: readonly (readonly string[])[] = [
  ['GITHUB_RUN_ID', 'GITHUB_RUN_ATTEMPT', 'GITHUB_JOB'],
  ['CI_PIPELINE_ID', 'CI_JOB_ID'],
  ['BUILDKITE_BUILD_ID', 'BUILDKITE_JOB_ID'],
  ['CIRCLE_WORKFLOW_ID', 'CIRCLE_WORKFLOW_JOB_ID'],
  ['BUILD_TAG'],
];

/**
 * The idempotency key of a command run by CI: the same when a step is repeated with the same input, a new one when a
 * person runs the job again: they want it done again, not told how it ended last time.
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
