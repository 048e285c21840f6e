import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { commandIds } from '@codegen/contracts/scopes';
import type { Command } from '../kit/define-command.js';
import { fieldsOf } from '../kit/fields-of.js';
import { globalInput } from '../kit/global-input.js';

const HEAD = '// Written by `npm run generate` from the definitions in src/commands: change those.\n';

/**
 * The files of `src/generated` by name: what is needed of all commands before one of them, or zod, is loaded. Their types
 * are claimed, so that a command which is not in them yet compiles; a test sees that they are whole.
 */
export async function commandTables(): Promise<Record<string, string>> {
  const found = await allCommands();
  const missing = commandIds.filter((id) => !found.has(id));
  if (missing.length > 0) throw new Error(`no file in src/commands defines ${missing.join(', ')}`);
  const sorted = commandIds.map((id) => found.get(id) as { path: string; command: Command });
  return {
    'command-table.ts': tableOf(sorted.map(({ command }) => command)),
    'command-fields.ts': fieldTableOf(sorted.map(({ command }) => command)),
    'load-command.ts': loaderOf(sorted),
  };
}

/** By id. What has no source any more may still be among what was built. */
async function allCommands(): Promise<Map<string, { path: string; command: Command }>> {
  const sources = await readdir(join(import.meta.dirname, '..', '..', 'src', 'commands'), { recursive: true });
  const modules = sources.filter((name) => name.endsWith('.ts') && name !== 'home.ts').map((name) => name.slice(0, -3));
  const found = await Promise.all(
    modules.map(async (name) => {
      const file = join(import.meta.dirname, '..', 'commands', name + extname(import.meta.filename));
      const { default: command } = (await import(file)) as { default: Command };
      return [command.id, { path: `${name}.js`, command }] as const;
    }),
  );
  return new Map(found);
}

function tableOf(all: readonly Command[]): string {
  const lines = all.map(({ id, summary, effect, forAdmins, notInMcp }) => {
    return `  ${JSON.stringify(id)}: ${JSON.stringify({ summary, effect, forAdmins, notInMcp })},\n`;
  });
  return `${HEAD}\nexport const table = {\n${lines.join('')}} as const;\n`;
}

function fieldTableOf(all: readonly Command[]): string {
  const lines = all.map(({ id, input }) => `  ${JSON.stringify(id)}: ${linesOf(input ? fieldsOf(input()) : [])},\n`);
  const head = `${HEAD}import type { CommandId } from '../command-table.js';\nimport type { Field } from '../kit/field.js';\n\n`;
  const globals = `export const globalFields: readonly Field[] = ${linesOf(fieldsOf(globalInput()))};\n\n`;
  return `${head}${globals}const fields: Record<string, readonly Field[]> = {\n${lines.join('')}};\n\nexport const commandFields = fields as Record<CommandId, readonly Field[]>;\n`;
}

function linesOf(fields: readonly object[]): string {
  return `[${fields.map((field) => `\n    ${JSON.stringify(field)},`).join('')}]`;
}

function loaderOf(all: readonly { path: string; command: Command }[]): string {
  const lines = all.map(({ path, command }) => {
    return `  ${JSON.stringify(command.id)}: () => import('../commands/${path}'),\n`;
  });
  const head = `${HEAD}import type { CommandId } from '../command-table.js';\nimport type { Command } from '../kit/define-command.js';\n\n`;
  const modules = `type Load = () => Promise<{ default: Command }>;\n\nconst modules: Record<string, Load> = {\n${lines.join('')}};\n\n`;
  return `${head}${modules}/** A command, with all that it needs. */
export async function loadCommand(id: CommandId): Promise<Command> {
  return (await (modules[id] as Load)()).default;
}
`;
}
