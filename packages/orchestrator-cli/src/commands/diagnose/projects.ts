import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks what the caller's projects and their tasks do. */
export default class DiagnoseProjects extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose projects', 'orchestrator diagnose projects --json'];
  protected readonly names = ['projects'] as const;
}
