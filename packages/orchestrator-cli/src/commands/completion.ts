import { basename } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../base-command.js';
import { type Grammar, type KnownValue, knownValues } from '../completion/grammar.js';
import { findValues, type KnownItem } from '../operations/find-values.js';
import { inputRequired } from '../prompts.js';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** A script for a shell; or what a script asks for while somebody types. */
type Completion = { shell: Shell; script: string } | { values: KnownItem[] };

/** Prints a shell's completion script. */
export default class CompletionCommand extends BaseCommand<Completion> {
  static override description =
    'Commands that you may use, flags and their values are part of the script; names of projects and ids of tasks are asked for while you ' +
    'type, for at most a second. For the shell you are in:\n' +
    '  source <(orchestrator completion bash)\n' +
    '  source <(orchestrator completion zsh)\n' +
    '  orchestrator completion fish | source\n' +
    'Write that line into ~/.bashrc or ~/.zshrc (after compinit) to have it always, or store the script as the examples do.';
  static override args = {
    shell: Args.string({
      description: 'The shell; without it, the one in SHELL',
      options: [...shells],
      ignoreStdin: true,
    }),
  };
  static override flags = {
    // For the scripts: prints what there is, and never an error.
    values: Flags.string({ options: [...knownValues], hidden: true }),
  };
  static override examples = [
    'orchestrator completion bash > ~/.local/share/bash-completion/completions/orchestrator',
    'orchestrator completion zsh > ~/.zfunc/_orchestrator',
    'orchestrator completion fish > ~/.config/fish/completions/orchestrator.fish',
  ];

  async run(): Promise<Completion> {
    const { args, flags } = await this.parse(CompletionCommand);
    if (flags.values !== undefined) {
      const find = findValues(flags.values as KnownValue, () => this.settings(flags), this.runtime);
      const values = await find.catch(() => []);
      this.runtime.warnings.length = 0;
      return { values };
    }
    const shell = (args.shell ?? basename(this.runtime.env.SHELL ?? '')) as Shell;
    if (!shells.includes(shell)) throw inputRequired([{ name: 'SHELL', question: 'Shell:', choices: shells }]);
    const argv = flags.profile === undefined ? [] : ['--profile', flags.profile];
    const { usable } = await import('../operations/usable.js');
    const { readGrammar } = await import('../completion/grammar.js');
    return { shell, script: await write[shell](await readGrammar(await usable(argv, this.runtime))) };
  }

  render(completion: Completion): string {
    if ('script' in completion) return completion.script.trimEnd();
    return completion.values.map(({ value, description }) => `${value}\t${description}`).join('\n');
  }
}

const write: Record<Shell, (grammar: Grammar) => Promise<string>> = {
  bash: async (grammar) => (await import('../completion/bash.js')).bashScript(grammar),
  zsh: async (grammar) => (await import('../completion/zsh.js')).zshScript(grammar),
  fish: async (grammar) => (await import('../completion/fish.js')).fishScript(grammar),
};
