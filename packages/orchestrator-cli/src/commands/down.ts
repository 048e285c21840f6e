import { z } from 'zod';
import { parseDuration } from '../input/duration.js';
import { defineCommand } from '../kit/define-command.js';
import type { Screen } from '../kit/screen.js';
import { oneLine } from '../kit/text.js';
import { type StoppedSystem, stopSystem } from '../operations/stop-system.js';

export default defineCommand({
  id: 'down',
  summary: 'Stop the system on this machine',
  effect: 'change',
  notInMcp: 'starts and stops what runs on this machine',
  description:
    'Stops the system that has the data folder, and waits until it is gone: of several on this machine that of the ' +
    'profile, unless --data-dir names another. What was under way goes on when it is started again. Where nothing runs, ' +
    'nothing is done, and that is no error.',
  input: () =>
    z.object({
      data_dir: z
        .string()
        .optional()
        .meta({ description: 'Folder of the system (ORCHESTRATOR_DATA_DIR); else that of the profile', value: 'DIR' }),
      timeout: z.string().default('60s').meta({ description: 'Wait no longer than this', value: '60s' }),
    }),
  examples: ['orchestrator down', 'orchestrator down --data-dir ~/orchestrator --json'],
  failsWith: ['STACK_REQUIRED', 'CONFLICT', 'STILL_RUNNING'],

  async run(input, context): Promise<StoppedSystem> {
    const timeoutMs = parseDuration(input.timeout, '--timeout');
    const isNamed = input.data_dir !== undefined || Boolean(context.runtime.env.ORCHESTRATOR_DATA_DIR);
    const dataDir = isNamed ? input.data_dir : (await context.settings()).dataDir;
    return await stopSystem({ dataDir, timeoutMs }, context.runtime);
  },

  render({ state, pid, data_dir }: StoppedSystem, { paint }: Screen): string {
    const folder = oneLine(data_dir);
    switch (state) {
      case 'stopped':
        return `${paint.green('Stopped')} the system in ${folder} (process ${pid}).`;
      case 'nothing_runs':
        return `Nothing runs in ${folder}.`;
      case 'stale_lock':
        return `Nothing runs in ${folder}: process ${pid}, which had it, is gone.`;
    }
  },
});
