import { DiagnoseCommand } from '../../diagnose-command.js';

/** Checks that the API answers and knows the caller. */
export default class DiagnoseApi extends DiagnoseCommand {
  static override examples = ['orchestrator diagnose api', 'orchestrator diagnose api --json'];
  protected readonly names = ['api'] as const;
}
