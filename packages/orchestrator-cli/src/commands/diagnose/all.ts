import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks everything there is. */
export default class DiagnoseAll extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose', 'orchestrator diagnose --json'];
  protected readonly names = ['api', 'services', 'redis', 'projects', 'sites', 'workers'] as const;
}
