import { Transform } from 'node:stream';
import {
  CallToolRequestSchema,
  ErrorCode,
  JSONRPCMessageSchema,
  RequestIdSchema,
} from '@modelcontextprotocol/sdk/types.js';

const LINE_END = 0x0a;

/**
 * Hands on the lines that are JSON-RPC messages and answers the others, which the transport would pass over in silence: a
 * client would wait for ever. A last line needs no end. What is longer than `most` is handed on unread, for the
 * transport to refuse.
 */
export function onlyMessages(most: number, answer: (line: string) => void): Transform {
  let begun: Buffer[] = [];
  let length = 0;
  let refused = false;
  const take = (chunk: Buffer) => {
    begun.push(chunk);
    length += chunk.length;
  };
  const taken = () => {
    const bytes = Buffer.concat(begun, length);
    begun = [];
    length = 0;
    return bytes;
  };
  const sift = (lines: Transform) => {
    const bytes = taken();
    const refusal = whyNoMessage(bytes.toString().replace(/\r?\n$/, ''));
    if (refusal === undefined)
      lines.push(bytes.at(-1) === LINE_END ? bytes : Buffer.concat([bytes, Buffer.from('\n')]));
    else if (refusal !== null) answer(`${JSON.stringify({ jsonrpc: '2.0', ...refusal })}\n`);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (refused) return done();
      let from = 0;
      for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
        take(chunk.subarray(from, end + 1));
        sift(this);
        from = end + 1;
      }
      if (from < chunk.length) take(chunk.subarray(from));
      refused = length > most;
      if (refused) this.push(taken());
      done();
    },
    flush(done) {
      if (length > 0) sift(this);
      done();
    },
  });
}

/** What to answer to a line that is no message; undefined for one that is, null for one that is blank. Never quotes it. */
function whyNoMessage(line: string) {
  if (line.trim() === '') return line.includes('\ufeff') ? refusal(null, ErrorCode.ParseError, MARK) : null;
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return refusal(null, ErrorCode.ParseError, line.startsWith('\ufeff') ? MARK : 'the line is not JSON');
  }
  const isMessage = JSONRPCMessageSchema.safeParse(document).success;
  const isCall = isMessage && (document as { method?: unknown }).method === 'tools/call';
  if (isMessage && (!isCall || CallToolRequestSchema.safeParse(document).success)) return undefined;
  const id = RequestIdSchema.safeParse((document as { id?: unknown } | null)?.id);
  // The server would answer with what its parser says.
  if (isCall) return id.success ? refusal(id.data, ErrorCode.InvalidParams, CALL) : null;
  const what = Array.isArray(document)
    ? 'the line is a list: send one message a line'
    : 'this is no JSON-RPC 2.0 message';
  return refusal(id.success ? id.data : null, ErrorCode.InvalidRequest, what);
}

const CALL = 'tools/call takes params with a name, which is text, and arguments, an object';
const MARK = 'the line begins with a byte order mark: send UTF-8 without one';

function refusal(id: string | number | null, code: ErrorCode, message: string) {
  return { id, error: { code, message } };
}
