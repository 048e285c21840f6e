import { basename } from 'node:path';
import { z } from 'zod';
import { type Candidates, complete } from '../completion/complete.js';
import { type Shell, scripts, shells } from '../completion/scripts.js';
import { readStdin } from '../input/files.js';
import { readTypedLine, wordForBash } from '../input/typed-line.js';
import { defineCommand } from '../kit/define-command.js';
import { inputRequired } from '../kit/prompts.js';

/** A script for a shell; or what a script asks for when Tab is pressed. */
type Completion = { shell: Shell; script: string } | { values: Candidates };

export default defineCommand({
  id: 'completion',
  summary: 'Print a completion script for bash, zsh or fish',
  effect: 'read',
  notInMcp: 'is for shells',
  description:
    'The script asks, whenever you press Tab, which commands, flags and values may come there, of those that you may use. Names of ' +
    'projects and ids of tasks, workers and keys come from the system, within a second or not at all. For the shell you are in:\n' +
    '  source <(orchestrator completion bash)\n' +
    '  source <(orchestrator completion zsh)\n' +
    '  orchestrator completion fish | source\n' +
    'Write that line into ~/.bashrc or ~/.zshrc (after compinit) to have it always, or store the script as the examples do.',
  input: () =>
    z.object({
      shell: z
        .enum(shells)
        .optional()
        .meta({ positional: true, description: 'The shell; without it, the one in SHELL' }),
      complete: z
        .boolean()
        .optional()
        .meta({ description: 'For the scripts: complete the line on standard input', hidden: true }),
    }),
  examples: [
    'orchestrator completion bash > ~/.local/share/bash-completion/completions/orchestrator',
    'orchestrator completion zsh > ~/.zfunc/_orchestrator',
    'orchestrator completion fish > ~/.config/fish/completions/orchestrator.fish',
  ],

  async run(input, { runtime, signal }): Promise<Completion> {
    const { env } = runtime;
    const shell = (input.shell ?? basename(env.SHELL ?? '')) as Shell;
    if (!shells.includes(shell)) throw inputRequired([{ name: 'SHELL', question: 'Shell:', choices: shells }]);
    if (!input.complete) return { shell, script: scripts[shell] };
    const breaks = shell === 'bash' ? env.COMP_WORDBREAKS : undefined;
    const line = process.stdin.isTTY ? '' : (await readStdin(signal)).toString();
    const typed = readTypedLine(line.replace(/\n$/, ''), breaks);
    const values = await complete(typed, runtime).catch(() => []);
    if (shell !== 'bash' || typeof values === 'string') return { values };
    return { values: values.map((item) => ({ ...item, value: wordForBash(item.value, typed) })) };
  },

  render(completion: Completion): string {
    if ('script' in completion) return completion.script;
    const { values } = completion;
    if (typeof values === 'string') return values;
    return values.map(({ value, description }) => `${value}\t${description}`).join('\n');
  },
});
