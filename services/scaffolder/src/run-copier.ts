import { rm, writeFile } from 'node:fs/promises';
import { boundedText, withoutPatterns } from '@codegen/sdk/text';
import { execa } from 'execa';
import { inheritedEnvironment } from './config.js';
import type { Answers, Template } from './read-template.js';

const TIMEOUT_MS = 60_000;

/** Arguments of Copier for drawing a template without asking anything. It refuses templates that run tasks. */
export const copyArguments = (options: { template: string; destination: string; answersFile: string }) => [
  'copy',
  '--defaults',
  '--quiet',
  '--vcs-ref',
  'HEAD',
  '--data-file',
  options.answersFile,
  options.template,
  options.destination,
];

/** Draws a template with Copier. False where there is no Copier; throws with its words where it failed. */
export async function runCopier(
  copier: string,
  { template, answers, destination }: { template: Template; answers: Answers; destination: string },
): Promise<boolean> {
  const answersFile = `${destination}.answers.yml`;
  await writeFile(answersFile, asYaml(answers));
  try {
    const args = copyArguments({ template: template.folder, destination, answersFile });
    const { exitCode, code, stderr, shortMessage } = await execa(copier, args, {
      env: { ...inheritedEnvironment(), PYTHONDONTWRITEBYTECODE: '1', GIT_TERMINAL_PROMPT: '0' },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: TIMEOUT_MS,
    });
    if (code === 'ENOENT') return false;
    if (exitCode !== 0) {
      const said = boundedText(withoutPatterns(stderr.trim()), { maxBytes: 2000, keep: 'end' });
      throw new Error(`${shortMessage ?? 'Copier failed'}: ${said}`);
    }
    return true;
  } finally {
    await rm(answersFile, { force: true });
  }
}

// JSON is YAML, but for the characters that YAML takes for line ends or refuses to read.
function asYaml(answers: Answers): string {
  return JSON.stringify(answers).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
