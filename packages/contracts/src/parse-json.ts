/** Parses JSON text. The error never quotes the text, which may contain a secret. Never throws. */
export function parseJson(text: string): { ok: true; value: unknown } | { ok: false; error: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // V8 quotes the text around the fault: `Unexpected token 'h', ..."ts": hunter2"... is not valid JSON`.
    const token = /^Unexpected token '.*?'(?=, )/su.exec(reason)?.[0];
    return { ok: false, error: token ?? (reason.endsWith('is not valid JSON') ? 'Unexpected text' : reason) };
  }
}
