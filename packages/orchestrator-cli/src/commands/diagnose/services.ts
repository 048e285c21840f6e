import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks that every service gives signs of life. */
export default class DiagnoseServices extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose services', 'orchestrator diagnose services --json'];
  protected readonly names = ['services'] as const;
}
