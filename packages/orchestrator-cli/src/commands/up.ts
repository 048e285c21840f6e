import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../base-command.js';
import { downCommand, type RunningSystem, startSystem, startSystemDetached } from '../operations/start-system.js';
import { openWaiting } from '../progress/waiting.js';
import { openScreen, type Screen } from '../render/screen.js';
import { renderSystem } from '../render/system.js';

/** Runs the whole system on this machine. */
export default class Up extends BaseCommand<RunningSystem> {
  static override description =
    'Starts everything, on a lasting data folder, and logs you in as the profile "local", and for what takes an ' +
    'administrator as "local-admin"; beside a system that runs as "local-2" and "local-2-admin", and so on. What ends by an error is started again. Ctrl-C stops it; work that is under way goes on at the next start. With --detach it runs on behind ' +
    'you, until you stop it with "orchestrator down". For this the system has to be installed beside the command line, as it is in a checkout.';
  static override flags = {
    'data-dir': Flags.string({
      description: 'Folder for everything it keeps (ORCHESTRATOR_DATA_DIR)',
      helpValue: 'DIR',
    }),
    port: Flags.integer({ description: 'Port of the API; without it, the last one or any', min: 0, max: 65_535 }),
    agent: Flags.string({ description: 'Agent that develops (ORCHESTRATOR_AGENT)', helpValue: 'NAME' }),
    'agents-file': Flags.string({ description: 'JSON file that names more agents (AGENTS_FILE)', helpValue: 'FILE' }),
    'turn-timeout': Flags.integer({ description: "Seconds a developer's turn may take", min: 1, helpValue: 'SECONDS' }),
    'deploy-ports': Flags.string({ description: 'Ports that projects may get', helpValue: 'FROM-TO' }),
    'template-dir': Flags.string({ description: 'Template that projects are drawn from', helpValue: 'DIR' }),
    detach: Flags.boolean({ description: 'Return once the API answers, and leave it running' }),
  };
  static override examples = [
    'orchestrator up',
    'orchestrator up --detach --json',
    'orchestrator up --data-dir ~/orchestrator --agents-file agents.json --agent mine',
  ];
  static override failsWith = ['STACK_REQUIRED', 'DATA_FOLDER_LOCKED', 'REDIS_UNAVAILABLE'] as const;

  private dataDir: string | undefined;

  async run(): Promise<RunningSystem> {
    const { flags } = await this.parse(Up);
    const { detach, 'data-dir': dataDir } = flags;
    this.dataDir = dataDir;
    const names = ['data-dir', 'port', 'agent', 'agents-file', 'turn-timeout', 'deploy-ports', 'template-dir'] as const;
    const args = names.flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, String(flags[name])]));
    const options = { dataDir, args: ['--login', ...args] };
    const { env, output } = this.runtime;
    const screen = await openScreen(process.stderr, env);
    const say = (text: string) => (flags.quiet ? Promise.resolve() : output.err(`${text}\n`));
    const waiting = await openWaiting('Starting the system', this.runtime, screen, flags.quiet);
    if (detach) return await startSystemDetached(options, this.runtime).finally(waiting.close);
    this.signal.addEventListener('abort', () => say(screen.paint.dim('Stopping … (Ctrl-C again ends all at once)')));
    return await startSystem(options, this.runtime, async (system) => {
      await waiting.close();
      await say(renderSystem(system, 'Ctrl-C', screen));
    }).finally(waiting.close);
  }

  render(system: RunningSystem, screen: Screen): string {
    return renderSystem(system, downCommand(this.dataDir), screen);
  }
}
