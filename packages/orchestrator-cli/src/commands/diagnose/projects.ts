import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks what the caller's projects and their tasks do, and that what is deployed answers. */
export default class DiagnoseProjects extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose projects', 'orchestrator diagnose projects --json'];
  protected readonly names = ['projects', 'sites'] as const;
}
