import { OrchestratorError } from '@codegen/sdk/errors';
import { exactText, readFileOf, readStdin } from './files.js';

const TOO_LARGE = { code: 'SPEC_TOO_LARGE' } as const;

/** Where a spec may come from; `-` for `--spec` is standard input. */
export interface SpecFlags {
  spec?: string | undefined;
  spec_file?: string | undefined;
  input?: string | undefined;
}

/** The spec that the flags name, byte for byte; undefined where they name none. @throws OrchestratorError USAGE for two */
export async function readSpec(flags: SpecFlags, signal: AbortSignal): Promise<string | undefined> {
  const { spec, spec_file: file } = flags;
  if (spec !== undefined && file !== undefined) {
    throw new OrchestratorError('USAGE', '--spec and --spec-file exclude each other');
  }
  if (flags.input === '-' && (spec === '-' || file === '-')) {
    throw new OrchestratorError('USAGE', 'standard input can be --input or the spec, not both');
  }
  if (file !== undefined) return exactText(await readFileOf(file, '--spec-file', signal, TOO_LARGE));
  if (spec === '-') return exactText(await readStdin(signal, TOO_LARGE));
  return spec;
}
