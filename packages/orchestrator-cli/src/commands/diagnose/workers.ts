import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose.workers',
  summary: 'Check that worker-manager answers, and its workers',
  ...diagnosisOf(['workers']),
  examples: ['orchestrator diagnose workers', 'orchestrator diagnose workers --json'],
});
