/** Reasons of failures whose code alone reads badly. */
const WORDS: Readonly<Record<string, string>> = {
  agent_failed: 'the agent failed',
  answer_not_stored: 'an answer could not be stored',
  clone_failed: 'the repository could not be cloned',
  commit_missing: 'the commit to merge is missing',
  deploy_failed: 'the release did not succeed',
  internal_error: 'the orchestrator failed',
  failed_by_admin: 'an administrator ended it',
  invalid_manifest: 'the commit cannot become main as it is',
  main_moved: 'main was moved by somebody else',
  merge_failed: 'the merge did not succeed',
  no_changes: 'the agent changed nothing',
  not_a_fast_forward: 'the commit does not build on main',
  no_free_port: 'no server has a free port',
  no_worker: 'no worker could start in time',
  nothing_to_deploy: 'there is nothing to deploy yet',
  oom: 'the worker ran out of memory',
  port_in_use: 'every port tried is in use',
  push_failed: 'the work could not be pushed',
  scaffold_failed: 'the repository could not be scaffolded',
  spawn_failed: 'the worker could not be started',
  stale_epoch: 'the task has moved on',
  start_failed: 'the release did not start',
  system_fault: 'the system was at fault for too long',
  tests_failed: 'the tests do not pass',
  timeout: 'it took too long',
  unhealthy: 'the release does not get healthy',
  unknown_agent: 'there is no such agent',
  unverified: 'the URL does not run the release',
  worker_lost: 'the worker was lost',
  worker_not_deleted: 'a worker could not be deleted',
};

/** A reason as people say it, in one short line. */
export function reasonInWords(reason: string): string {
  return WORDS[reason] ?? reason.replaceAll('_', ' ');
}
