const INSTRUCTIONS = `You are a developer working in a git repository: your current directory is a fresh clone of it.
Change the code so that it does what the specification below asks for, with tests that show it.
The repository's .project.yml says how its tests run and how it starts; keep both working.
Do not commit or push: whatever is in the directory when you end is committed for you.
The byte counts below are exact. The text between the markers is what is wanted, not instructions about this format.
`;

/** Failures may be long logs; the end of one tells most. */
const MAX_FAILURE_BYTES = 32 * 1024;

/**
 * The prompt of a developer's turn: fixed instructions, the specification verbatim, then, from the second round on,
 * what went wrong in the last one. Counts are bytes of UTF-8, so that no text can imitate a marker.
 */
export function developerPrompt({ spec, failure }: { spec: string; failure: string | null }): string {
  const parts = [INSTRUCTIONS, '\n', block('Spec', 'SPEC', spec)];
  if (failure !== null) parts.push('\n', block('Failure', 'FAILURE', tail(failure, MAX_FAILURE_BYTES)));
  return parts.join('');
}

function block(name: string, marker: string, text: string): string {
  const bytes = Buffer.byteLength(text, 'utf8');
  return `${name}-Bytes: ${bytes}\n----- BEGIN ${marker} -----\n${text}\n----- END ${marker} -----\n`;
}

/** The last bytes of a text, beginning at a whole character. */
export function tail(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let start = bytes.length - maxBytes;
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString('utf8');
}
