const LINE_FEED = 0x0a;

/**
 * Splits a stream into lines, without their line feeds. Each batch holds the lines that one chunk completes, so that they
 * can be answered before the next one is read. A line of more than `mostBytes` comes as undefined and is not kept.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  mostBytes: number,
): AsyncGenerator<(Buffer | undefined)[]> {
  let begun: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer) => {
    size += part.length;
    if (size > mostBytes) begun = [];
    else begun.push(part);
  };
  const complete = () => {
    const line = size > mostBytes ? undefined : Buffer.concat(begun);
    begun = [];
    size = 0;
    return line;
  };
  for await (const chunk of chunks) {
    const lines: (Buffer | undefined)[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, at));
      lines.push(complete());
      from = at + 1;
    }
    add(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (size > 0) yield [complete()];
}
