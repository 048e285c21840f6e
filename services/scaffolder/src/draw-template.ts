import { mkdir, rm } from 'node:fs/promises';
import type { Logger } from '@codegen/sdk/queue';
import { type Answers, completeAnswers, readTemplate } from './read-template.js';
import { renderTemplate } from './render-template.js';
import { runCopier } from './run-copier.js';

/** Draws the template into a folder that does not exist yet. */
export type DrawTemplate = (answers: Answers, destination: string) => Promise<void>;

/**
 * Draws with Copier where it is installed, else with the built-in renderer. A Copier that fails (too old, half
 * removed) does not stop anyone whose template the built-in renderer knows.
 */
export function templateDrawer(options: {
  templateDir: string;
  /** Name or path of the program; false for the built-in renderer alone. */
  copier: string | false;
  logger: Logger;
}): DrawTemplate {
  return async (given, destination) => {
    const template = await readTemplate(options.templateDir);
    const answers = completeAnswers(template, given);
    try {
      if (options.copier && (await runCopier(options.copier, { template, answers, destination }))) return;
    } catch (error) {
      if (template.copierOnly.length > 0) throw error;
      options.logger.warn({ err: error }, 'Copier failed; drawing with the built-in renderer');
      await rm(destination, { recursive: true, force: true });
    }
    await mkdir(destination, { recursive: true });
    await renderTemplate(template, answers, destination);
  };
}
