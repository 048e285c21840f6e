import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose.services',
  summary: 'Check that every service runs',
  ...diagnosisOf(['services']),
  examples: ['orchestrator diagnose services', 'orchestrator diagnose services --json'],
});
