import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks that Redis answers, and the queues. */
export default class DiagnoseRedis extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose redis', 'orchestrator diagnose redis --json'];
  protected readonly names = ['redis'] as const;
}
