const OPEN = '<result>';
const CLOSE = '</result>';
/** Characters of a block that are kept. */
const MAX_BLOCK = 1024 * 1024;

export interface ResultBlock {
  readonly status: 'success' | 'failed';
  readonly summary: string;
}

/**
 * Finds `<result>…</result>` in lines of text, also over several lines. A further opening begins anew, and the last
 * complete block counts. Inside is `{"status":"success"|"failed","summary":"…"}` or plain text, which means success.
 */
export class ResultBlockReader {
  #open: string | undefined;
  #block: ResultBlock | undefined;

  get block(): ResultBlock | undefined {
    return this.#block;
  }

  /** Takes a line and returns what of it is outside of a block. */
  line(text: string): string {
    const opening = text.lastIndexOf(OPEN);
    let outside = '';
    if (opening >= 0) {
      outside = this.#open === undefined ? text.slice(0, text.indexOf(OPEN)) : '';
      this.#open = text.slice(opening + OPEN.length);
    } else if (this.#open !== undefined) {
      this.#open = `${this.#open}\n${text}`.slice(0, MAX_BLOCK);
    } else {
      return text;
    }
    const closing = this.#open.indexOf(CLOSE);
    if (closing >= 0) {
      this.#block = parseBlock(this.#open.slice(0, closing).trim());
      outside += this.#open
        .slice(closing + CLOSE.length)
        .split('\n')
        .at(-1);
      this.#open = undefined;
    }
    return outside;
  }
}

function parseBlock(text: string): ResultBlock {
  try {
    const { status, summary } = JSON.parse(text) as { status?: unknown; summary?: unknown };
    if (status === 'success' || status === 'failed') {
      return { status, summary: typeof summary === 'string' ? summary : '' };
    }
  } catch {
    // Plain text is allowed.
  }
  return { status: 'success', summary: text };
}
