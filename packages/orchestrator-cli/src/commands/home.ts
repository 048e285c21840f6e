import { BaseCommand } from '../base-command.js';
import { lookAround, type Surroundings } from '../operations/look-around.js';
import type { Screen } from '../render/screen.js';
import { renderSurroundings } from '../render/surroundings.js';

/** Bare `orchestrator`: where it is, what runs, and the command that comes next. */
export default class Home extends BaseCommand<Surroundings> {
  async run(): Promise<Surroundings> {
    const { flags } = await this.parse(Home);
    return await lookAround(await this.settings(flags), this.runtime);
  }

  render(surroundings: Surroundings, screen: Screen): string {
    return renderSurroundings(surroundings, screen);
  }
}
