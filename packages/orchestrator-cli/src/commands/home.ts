import type { Runnable } from '../kit/define-command.js';
import { readStatus } from '../operations/read-status.js';
import { renderStatus } from '../render/system-status.js';

/** Bare `orchestrator`: where it is, what runs, and the command that comes next. */
export const home: Runnable = {
  run: async (_input, context) => await readStatus(await context.settings(), context.runtime),
  render: (status, screen) => renderStatus(status as Awaited<ReturnType<typeof readStatus>>, screen),
};
