import { z } from 'zod';
import { defineCommand } from '../kit/define-command.js';
import { flagOf } from '../kit/field.js';
import { openScreen, type Screen } from '../kit/screen.js';
import { downCommand, type RunningSystem, startSystem, startSystemDetached } from '../operations/start-system.js';
import { openWaiting } from '../progress/waiting.js';
import { renderSystem } from '../render/system.js';

export default defineCommand({
  id: 'up',
  summary: 'Run the whole system on this machine',
  effect: 'change',
  notInMcp: 'starts and stops what runs on this machine',
  description:
    'Starts everything, on a lasting data folder, and logs you in as the profile "local", and for what takes an ' +
    'administrator as "local-admin"; beside a system that runs as "local-2" and "local-2-admin", and so on. What ends by an error is started again. Ctrl-C stops it; work that is under way goes on at the next start. With --detach it runs on behind ' +
    'you, until you stop it with "orchestrator down". For this the system has to be installed beside the command line, as it is in a checkout.',
  input: () =>
    z.object({
      data_dir: z
        .string()
        .optional()
        .meta({ description: 'Folder for everything it keeps (ORCHESTRATOR_DATA_DIR)', value: 'DIR' }),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .optional()
        .meta({ description: 'Port of the API; without it, the last one or any' }),
      agent: z.string().optional().meta({ description: 'Agent that develops (ORCHESTRATOR_AGENT)', value: 'NAME' }),
      agents_file: z
        .string()
        .optional()
        .meta({ description: 'JSON file that names more agents (AGENTS_FILE)', value: 'FILE' }),
      turn_timeout: z
        .int()
        .min(1)
        .optional()
        .meta({ description: "Seconds a developer's turn may take", value: 'SECONDS' }),
      deploy_ports: z.string().optional().meta({ description: 'Ports that projects may get', value: 'FROM-TO' }),
      template_dir: z.string().optional().meta({ description: 'Template that projects are drawn from', value: 'DIR' }),
      detach: z.boolean().optional().meta({ description: 'Return once the API answers, and leave it running' }),
    }),
  examples: [
    'orchestrator up',
    'orchestrator up --detach --json',
    'orchestrator up --data-dir ~/orchestrator --agents-file agents.json --agent mine',
  ],
  failsWith: ['STACK_REQUIRED', 'DATA_FOLDER_LOCKED', 'REDIS_UNAVAILABLE'],

  async run(input, context): Promise<RunningSystem> {
    const { detach, data_dir: dataDir } = input;
    const names = ['data_dir', 'port', 'agent', 'agents_file', 'turn_timeout', 'deploy_ports', 'template_dir'] as const;
    const args = names.flatMap((name) => (input[name] === undefined ? [] : [flagOf(name), String(input[name])]));
    const options = { dataDir, args: ['--login', ...args] };
    const { env, output } = context.runtime;
    const screen = await openScreen(process.stderr, env);
    const say = (text: string) => (input.quiet ? Promise.resolve() : output.err(`${text}\n`));
    const waiting = await openWaiting('Starting the system', context.runtime, screen, input.quiet);
    if (detach) return await startSystemDetached(options, context.runtime).finally(waiting.close);
    context.signal.addEventListener('abort', () => say(screen.paint.dim('Stopping … (Ctrl-C again ends all at once)')));
    return await startSystem(options, context.runtime, async (system) => {
      await waiting.close();
      await say(renderSystem(system, 'Ctrl-C', screen));
    }).finally(waiting.close);
  },

  render(system: RunningSystem, screen: Screen, { input }): string {
    return renderSystem(system, downCommand(input.data_dir), screen);
  },
});
