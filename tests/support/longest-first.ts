import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Seconds that the longest files take, roughly. A fresh checkout has no timings, and a long file that starts last would run
 * alone at the end.
 */
const seconds: Record<string, number> = {
  // It only waits for minutes, so start it first.
  'packages/sdk/tests/integration/long-handler.test.ts': 200,
  'tests/e2e/crash-stack.test.ts': 150,
  'tests/e2e/crash-everything.test.ts': 150,
  'tests/e2e/demo.test.ts': 120,
  'services/langgraph/tests/integration/replicas.test.ts': 110,
  'services/langgraph/tests/integration/engineering.test.ts': 105,
  'tests/e2e/quiet-logs.test.ts': 100,
  'tests/e2e/production.test.ts': 95,
  'tests/e2e/rounds.test.ts': 90,
  'tests/e2e/switch.test.ts': 80,
  'tests/e2e/follow.test.ts': 75,
  'services/infra-service/tests/integration/local-executor.test.ts': 70,
  'tests/e2e/main-job.test.ts': 60,
  'tests/e2e/texts.test.ts': 55,
  'tests/e2e/once.test.ts': 50,
  'tests/e2e/bad-input.test.ts': 45,
  'services/api/tests/integration/open-pglite.test.ts': 45,
  'packages/worker-wrapper/tests/integration/turn.test.ts': 40,
  'tests/e2e/usage.test.ts': 30,
  'tests/e2e/rough-ground.test.ts': 30,
  'tests/e2e/permissions.test.ts': 30,
  'tests/e2e/first-ten-minutes.test.ts': 30,
  'tests/e2e/full-disk.test.ts': 30,
  'packages/orchestrator-cli/tests/integration/cutting-proxy.test.ts': 30,
  'services/langgraph/tests/integration/kill.test.ts': 25,
  'services/langgraph/tests/integration/deploy.test.ts': 25,
  'services/worker-manager/tests/integration/commands.test.ts': 25,
  'services/worker-manager/tests/integration/lost-workers.test.ts': 25,
  'services/infra-service/tests/integration/crash-safety.test.ts': 25,
  'packages/sdk/tests/integration/outage.test.ts': 25,
  'services/worker-manager/tests/integration/drain.test.ts': 20,
  'services/infra-service/tests/integration/growing-projects.test.ts': 20,
  'packages/orchestrator-cli/tests/integration/packed.test.ts': 20,
  'packages/orchestrator-cli/tests/integration/environments.test.ts': 20,
  'packages/orchestrator-cli/tests/integration/matrix.test.ts': 20,
  'packages/orchestrator-cli/tests/integration/configuration.test.ts': 15,
  'services/api/tests/integration/main.test.ts': 15,
};

/** Starts the longest files of a group first, across projects; the others in vitest's order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const lengthOf = (file: TestSpecification) => seconds[relative(this.ctx.config.root, file.moduleId)] ?? 0;
    const groupOf = (file: TestSpecification) => file.project.config.sequence.groupOrder;
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => groupOf(a) - groupOf(b) || lengthOf(b) - lengthOf(a));
  }
}
