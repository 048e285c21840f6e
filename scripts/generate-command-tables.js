// Writes the command line's tables of all commands from their built definitions. Run by `npm run build`; a unit test fails
// if a file is outdated.
import { writeFile } from 'node:fs/promises';
import { commandTables } from '../packages/orchestrator-cli/dist/generate/command-tables.js';

for (const [name, text] of Object.entries(await commandTables())) {
  await writeFile(new URL(`../packages/orchestrator-cli/src/generated/${name}`, import.meta.url), text);
}
