const OPEN = '<result>';
const CLOSE = '</result>';
/** Maximum characters of a block; a longer one is a failure. */
const MAX_BLOCK = 16 * 1024 * 1024;

export interface ResultBlock {
  readonly status: 'success' | 'failed';
  readonly summary: string;
}

/**
 * Finds `<result>…</result>` in lines of text; a block may span lines. A second opening tag restarts the block, and the last
 * complete block counts. It contains `{"status":"success"|"failed","summary":"…"}` or plain text, which means success.
 */
export class ResultBlockReader {
  /** The block so far. Its closing tag is within one line, so no line is searched twice. */
  #open: { parts: string[]; size: number } | undefined;
  #block: ResultBlock | undefined;

  get block(): ResultBlock | undefined {
    return this.#block;
  }

  /** Reads a line and returns the part of it outside a block. */
  line(text: string): string {
    const opening = text.lastIndexOf(OPEN);
    let outside = '';
    if (opening >= 0) {
      outside = this.#open === undefined ? text.slice(0, text.indexOf(OPEN)) : '';
      this.#open = { parts: [], size: 0 };
    } else if (this.#open === undefined) {
      return text;
    }
    const inside = opening >= 0 ? text.slice(opening + OPEN.length) : text;
    const closing = inside.indexOf(CLOSE);
    this.#add(closing >= 0 ? inside.slice(0, closing) : inside);
    if (closing < 0) return outside;
    this.#block = this.#open.size > MAX_BLOCK ? TOO_LONG : parseBlock(this.#open.parts.join('\n').trim());
    this.#open = undefined;
    return outside + inside.slice(closing + CLOSE.length);
  }

  #add(text: string): void {
    if (!this.#open || this.#open.size > MAX_BLOCK) return;
    this.#open.parts.push(text);
    this.#open.size += text.length + 1;
  }
}

const TOO_LONG: ResultBlock = { status: 'failed', summary: 'the result block is too long: shorten the summary' };

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
