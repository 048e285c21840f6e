import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose.redis',
  summary: 'Check that Redis answers, and the queues',
  ...diagnosisOf(['redis']),
  examples: ['orchestrator diagnose redis', 'orchestrator diagnose redis --json'],
});
