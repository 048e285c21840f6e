import { BaseCommand } from '../base-command.js';

/** Serves commands as MCP tools. */
export default class Mcp extends BaseCommand<null> {
  static override description =
    'Speaks the Model Context Protocol on standard input and output, until standard input ends. Every command that ' +
    'ALLOWED_COMMANDS allows is a tool, named after it: project create is project_create. A call answers with the ' +
    'document that --json prints. Nothing is asked, and no call takes longer than 50 seconds unless it says so with ' +
    'timeout: start a task, then wait for it as often as needed.';
  static override examples = ['orchestrator mcp'];

  async run(): Promise<null> {
    await this.parse(Mcp);
    // Standard output belongs to the protocol: no envelope comes after it.
    this.runtime.linesOnly = true;
    const { serveMcp } = await import('../mcp/serve-mcp.js');
    await serveMcp(this.runtime);
    return null;
  }

  render(): string {
    return '';
  }
}
