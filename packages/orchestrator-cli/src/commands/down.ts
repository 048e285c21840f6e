import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../base-command.js';
import { parseDuration } from '../duration.js';
import { type StoppedSystem, stopSystem } from '../operations/stop-system.js';
import type { Screen } from '../render/screen.js';
import { oneLine } from '../render/text.js';

/** Stops the system on this machine. */
export default class Down extends BaseCommand<StoppedSystem> {
  static override description =
    'Stops the system that has the data folder, and waits until it is gone: of several on this machine that of the ' +
    'profile, unless --data-dir names another. What was under way goes on when it is started again. Where nothing runs, ' +
    'nothing is done, and that is no error.';
  static override flags = {
    'data-dir': Flags.string({
      description: 'Folder of the system (ORCHESTRATOR_DATA_DIR); else that of the profile',
      helpValue: 'DIR',
    }),
    timeout: Flags.string({ description: 'Wait no longer than this', default: '60s', helpValue: '60s' }),
  };
  static override examples = ['orchestrator down', 'orchestrator down --data-dir ~/orchestrator --json'];
  static override failsWith = ['STACK_REQUIRED', 'CONFLICT', 'STILL_RUNNING'] as const;

  async run(): Promise<StoppedSystem> {
    const { flags } = await this.parse(Down);
    const timeoutMs = parseDuration(flags.timeout, '--timeout');
    const isNamed = flags['data-dir'] !== undefined || Boolean(this.runtime.env.ORCHESTRATOR_DATA_DIR);
    const dataDir = isNamed ? flags['data-dir'] : (await this.settings(flags)).dataDir;
    return await stopSystem({ dataDir, timeoutMs }, this.runtime);
  }

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
  }
}
