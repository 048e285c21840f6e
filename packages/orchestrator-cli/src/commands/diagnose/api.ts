import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose.api',
  summary: 'Check that the API answers and knows you',
  ...diagnosisOf(['api']),
  examples: ['orchestrator diagnose api', 'orchestrator diagnose api --json'],
});
