import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks that worker-manager answers, and what its workers do. */
export default class DiagnoseWorkers extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose workers', 'orchestrator diagnose workers --json'];
  protected readonly names = ['workers'] as const;
}
