import { defineCommand } from '../../kit/define-command.js';
import { diagnosisOf } from '../../operations/run-diagnosis.js';

export default defineCommand({
  id: 'diagnose.projects',
  summary: 'Check what your projects, their tasks and sites do',
  ...diagnosisOf(['projects', 'sites']),
  examples: ['orchestrator diagnose projects', 'orchestrator diagnose projects --json'],
});
