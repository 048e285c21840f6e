import { type ErrorCode, errorCodes } from '@codegen/contracts/error-codes';

/** An exit code and what it means, in every command and with or without --json. */
export interface ExitCode {
  code: number;
  meaning: string;
}

/** Every exit code. They are stable. */
export const exitCodes: readonly ExitCode[] = [
  { code: 0, meaning: 'done' },
  { code: 1, meaning: 'the operation failed, or a bug' },
  { code: 2, meaning: 'usage or validation' },
  { code: 3, meaning: 'not found' },
  { code: 4, meaning: 'not authenticated' },
  { code: 5, meaning: 'conflict: taken, locked, another body under the same idempotency key' },
  { code: 6, meaning: 'forbidden, or not in ALLOWED_COMMANDS' },
  { code: 8, meaning: 'still running when the wait ended' },
  { code: 75, meaning: 'temporary, safe to repeat' },
  { code: 130, meaning: 'interrupted (SIGINT); what runs goes on' },
  { code: 143, meaning: 'ended (SIGTERM); what runs goes on' },
];

const ALWAYS: readonly number[] = [0, 1, 2, 6, 130, 143];

/** The exit codes of a command that may fail with these errors, beside those that any command may fail with. */
export function exitCodesOf(failsWith: readonly ErrorCode[]): ExitCode[] {
  const codes = new Set([...ALWAYS, ...failsWith.map((code) => errorCodes[code].exitCode)]);
  return exitCodes.filter(({ code }) => codes.has(code));
}
