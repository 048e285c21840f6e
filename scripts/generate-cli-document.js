// Writes docs/cli.md from the built command line. Run by `npm run build`; a unit test fails if the file is outdated.
import { writeFile } from 'node:fs/promises';
import { cliDocument } from '../packages/orchestrator-cli/dist/generate/cli-document.js';

await writeFile(new URL('../docs/cli.md', import.meta.url), await cliDocument());
