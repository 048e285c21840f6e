import { OrchestratorError } from '@codegen/sdk/errors';
import { z } from 'zod';
import { openInput, readAll, readChunks } from '../../input/files.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { checkLines, type LinesChecked } from '../../operations/check-lines.js';
import { contractNames, isContractName } from '../../operations/contract-models.js';
import { unknownModelError } from '../../operations/unknown-model.js';
import { validateBytes } from '../../operations/validate-bytes.js';

/** Bytes of a document, or of a line, that are read at most. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The document that was checked. Of lines, what was said of them is printed already. */
type Validated = { model: string; file: string; valid: true } | LinesChecked;

export default defineCommand({
  id: 'contracts.validate',
  summary: 'Check a document against its model, or many by lines',
  effect: 'read',
  notInMcp: 'reads files and standard input',
  description:
    'Checks a message as its consumers do: the schema, the version, and that no secret travels in plain. Works offline.\n' +
    'With --lines each line {"model":NAME,"json":DOCUMENT} is answered at once and in order with one line, ' +
    '{"ok":true} or {"ok":false,"error":TEXT,"path":PATH}, and nothing else is printed, with or without --json. ' +
    'DOCUMENT is the document or its text in a string. Blank lines are skipped. Exits with 0 when every line could be ' +
    'read, valid or not; with 2 when one was not JSON or named no known model, which is answered in its place too. ' +
    'Without --lines an invalid document exits with 2. A document or line may have 64 MiB.',
  input: () =>
    z.object({
      file: z
        .string()
        .optional()
        .meta({ positional: true, description: 'The document, or the lines; - for standard input' }),
      model: z.string().optional().meta({ description: 'Name of the model, see contracts list', value: 'NAME' }),
      lines: z.boolean().optional().meta({ description: 'Read lines that name a model and a document each' }),
    }),
  examples: [
    'orchestrator contracts validate --model EngineeringMessage message.json',
    'jq .message log.json | orchestrator contracts validate --model DeployMessage -',
    `echo '{"model":"WorkerConfig","json":{}}' | orchestrator contracts validate --lines -`,
  ],

  async run(input, context): Promise<Validated> {
    const { model, lines, quiet } = input;
    if (lines && model !== undefined) {
      throw new OrchestratorError('USAGE', '--lines and --model exclude each other: every line names its own model');
    }
    if (lines) return await validateLines(context, source(context, input.file, 'lines {"model":…,"json":…}', quiet));
    if (model === undefined) throw inputRequired([{ name: '--model', question: 'Model:', choices: contractNames }]);
    if (!isContractName(model)) throw unknownModelError('VALIDATION_FAILED', model, contractNames);
    const file = source(context, input.file, `one ${model} as JSON`, quiet);
    const tooLarge = new OrchestratorError('VALIDATION_FAILED', `the document has over ${MOST_BYTES} bytes`);
    const bytes = await readAll(await openInput(file), context.signal, { mostBytes: MOST_BYTES, tooLarge });
    validateBytes(model, bytes);
    return { model, file, valid: true };
  },

  render(validated: Validated, { paint }: Screen): string {
    return 'model' in validated ? `${paint.green('valid')} ${validated.model}` : '';
  },
});

async function validateLines(context: Context, file: string): Promise<LinesChecked> {
  const input = await openInput(file);
  const { runtime } = context;
  runtime.linesOnly = true;
  const checked = await checkLines(readChunks(input, context.signal), MOST_BYTES, (text) => runtime.output.out(text));
  const { answered, unreadable, firstUnreadable } = checked;
  if (unreadable === 0) return checked;
  const message = `${unreadable} of ${answered} lines could not be read; the first is line ${firstUnreadable}`;
  throw new OrchestratorError('VALIDATION_FAILED', message, { details: checked });
}

/** Where to read from. Whoever sits at a terminal is told what is expected. */
function source(context: Context, file: string | undefined, expected: string, quiet: boolean | undefined): string {
  const atTerminal = process.stdin.isTTY;
  if (file === undefined && atTerminal) {
    const message = `FILE is needed: ${expected}, in a file or on standard input (-)`;
    throw new OrchestratorError('INPUT_REQUIRED', message, { details: { missing: ['FILE'] } });
  }
  if (file === '-' && atTerminal && !quiet) void context.runtime.output.err(`Type ${expected}, then Ctrl-D\n`);
  return file ?? '-';
}
