import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose',
  summary: 'Check API, services, Redis, projects, sites and workers',
  ...diagnosisOf(['api', 'services', 'redis', 'projects', 'sites', 'workers']),
  examples: ['orchestrator diagnose', 'orchestrator diagnose --json'],
});
