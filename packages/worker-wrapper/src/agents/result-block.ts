const OPEN = '<result>';
const CLOSE = '</result>';
/** Characters of a block; nothing can be told of a longer one. */
const MAX_BLOCK = 16 * 1024 * 1024;

export interface ResultBlock {
  readonly status: 'success' | 'failed';
  readonly summary: string;
}

/**
 * Finds `<result>…</result>` in lines of text, also over several lines. A further opening begins anew, and the last
 * complete block counts. Inside is `{"status":"success"|"failed","summary":"…"}` or plain text, which means success.
 */
export class ResultBlockReader {
  /** What a block has so far; its mark of the end is in one line, so that no line is looked through again. */
  #open: { parts: string[]; size: number } | undefined;
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

const TOO_LONG: ResultBlock = { status: 'failed', summary: 'the result block is too long: say it in fewer words' };

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
