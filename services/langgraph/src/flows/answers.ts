import {
  ansibleDeployResults,
  developerOutput,
  type QueueContract,
  repositoryResults,
  scaffolderResults,
  workerResponses,
} from '@codegen/contracts';

/** What answers each step. */
export const flowAnswers: Readonly<Record<string, QueueContract>> = {
  scaffold: scaffolderResults,
  develop: developerOutput,
  test: developerOutput,
  merge: repositoryResults,
  delete: workerResponses,
  deploy: ansibleDeployResults,
};
