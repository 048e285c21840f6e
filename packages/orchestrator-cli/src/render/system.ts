import type { Screen } from '../kit/screen.js';
import { renderPairs } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import type { RunningSystem } from '../operations/start-system.js';

/** A system that has come up, how it is stopped, and what comes next. */
export function renderSystem(system: RunningSystem, stoppedBy: string, screen: Screen): string {
  const { paint } = screen;
  const agent = system.agent === 'demo' ? 'demo (deterministic, not an AI)' : oneLine(system.agent);
  const pairs = renderPairs(
    [
      ['api', system.api_url],
      ['data', oneLine(system.data_dir)],
      ['log', oneLine(system.log)],
      ['agent', agent],
      ['process', String(system.pid)],
      ['stop', oneLine(stoppedBy)],
    ],
    screen,
  );
  const note = paint.dim('  Agents run as this user: use those that you trust.');
  return `${paint.green('The system is up')}\n${pairs}\n${note}\n${paint.bold('Next:')} orchestrator project create NAME`;
}
