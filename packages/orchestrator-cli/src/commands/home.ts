import { BaseCommand } from '../base-command.js';
import { readStatus, type SystemStatus } from '../operations/read-status.js';
import type { Screen } from '../render/screen.js';
import { renderStatus } from '../render/system-status.js';

/** Bare `orchestrator`: where it is, what runs, and the command that comes next. */
export default class Home extends BaseCommand<SystemStatus> {
  async run(): Promise<SystemStatus> {
    const { flags } = await this.parse(Home);
    return await readStatus(await this.settings(flags), this.runtime);
  }

  render(status: SystemStatus, screen: Screen): string {
    return renderStatus(status, screen);
  }
}
