const TIMEOUT_MS = 3000;
const BODY_LIMIT = 64 * 1024;
/** Characters of what an answer names as its release. */
const NAME_LENGTH = 100;

/** `release <id>` for what a URL's health names, else what is wrong, in words of ours: anybody may answer there. */
export async function releaseAt(health: string): Promise<string> {
  try {
    const response = await fetch(health, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    if (response.status !== 200) {
      await response.body?.cancel();
      return `HTTP ${response.status}`;
    }
    return nameIn(await textOf(response));
  } catch (error) {
    const { message, cause = { message } } = error as Error & { cause?: { message: string; code?: string } };
    // Of what is no HTTP the fetch of Node.js 22 and later says only, in lines of code, that it did not expect it.
    return cause.code === 'ERR_ASSERTION' ? 'a malformed answer' : cause.message;
  }
}

function nameIn(text: string): string {
  let body: { release?: unknown } | null;
  try {
    body = JSON.parse(text);
  } catch {
    return 'no JSON';
  }
  const release = body?.release;
  if (typeof release === 'string' && /^[\w.-]{1,100}$/.test(release)) return `release ${release}`;
  return `release ${(JSON.stringify(release) ?? 'undefined').slice(0, NAME_LENGTH)}`;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw new Error('its answer is longer than 64 KiB');
  }
  return Buffer.concat(chunks).toString();
}
