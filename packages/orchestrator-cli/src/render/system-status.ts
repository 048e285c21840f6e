import type { Screen } from '../kit/screen.js';
import { renderPairs, renderTable } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import type { SystemStatus } from '../operations/read-status.js';
import { deploymentColumns } from './deployment.js';
import { taskColumns } from './task.js';

/** Where the command line finds itself, and the next command. */
export function renderStatus(found: SystemStatus, screen: Screen): string {
  const { paint } = screen;
  const pairs = renderPairs(
    [
      ['api', found.api_url ? oneLine(found.api_url) : undefined],
      ['profile', found.profile],
      ['user', found.user ? oneLine(found.user) : undefined],
      ['project', found.project ? oneLine(found.project) : undefined],
      ['projects', found.state === 'ready' && found.projects !== null ? String(found.projects) : undefined],
      ['problem', found.problem ? oneLine(found.problem) : undefined],
    ],
    screen,
  );
  const running = found.running?.length ? `\n\n${renderTable(found.running, taskColumns(screen), screen)}` : '';
  const sites = found.deployed?.length
    ? `\n\n${renderTable(found.deployed, deploymentColumns().slice(0, 2), screen)}`
    : '';
  const next = `${paint.bold('Next:')} ${found.next.command}`;
  const help = `${paint.bold('Help:')} orchestrator --help`;
  return `${headline(found, screen)}\n${pairs}${running}${sites}\n\n${next}\n${help}`;
}

function headline({ state, running, projects }: SystemStatus, { paint }: Screen): string {
  switch (state) {
    case 'ready':
      if (running === null) return paint.green('Ready');
      if (running.length > 0) return paint.green(`${running.length} running now`);
      return paint.green(projects === 0 ? 'Ready, nothing here yet' : 'Ready, nothing runs');
    case 'no_system':
      return paint.yellow('No system yet');
    case 'not_logged_in':
      return paint.yellow('Not logged in');
    case 'not_allowed':
      return paint.yellow('ALLOWED_COMMANDS allows no look at the system');
    case 'refused':
      return paint.red('The API refuses the token');
    case 'unreachable':
      return paint.red('The API does not answer');
  }
}
