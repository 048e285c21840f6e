/** Layout of an index of version 2 to 4 with SHA-1, as the wrapper's `git init` creates it. */
const HEADER_BYTES = 12;
const FLAGS_AT = 60;
const EXTENDED = 0x4000;
/** Maximum bytes of a path and number of conflicts; a larger index is not from real work. */
const MAX_PATH_BYTES = 4096;
const MAX_CONFLICTS = 10_000;

/**
 * Unmerged paths of an index, and whether both sides have the file. The index is from an agent, so it is parsed here and
 * never used by the wrapper's git. The list ends where the index is damaged.
 */
export function unmergedPaths(index: Buffer): Map<string, boolean> {
  const stages = new Map<string, number>();
  const version = index.length < HEADER_BYTES || index.toString('latin1', 0, 4) !== 'DIRC' ? 0 : index.readUInt32BE(4);
  const count = version >= 2 && version <= 4 ? index.readUInt32BE(8) : 0;
  let at = HEADER_BYTES;
  let path = Buffer.alloc(0);
  for (let entry = 0; entry < count && at + FLAGS_AT + 2 <= index.length; entry += 1) {
    const flags = index.readUInt16BE(at + FLAGS_AT);
    let name = at + FLAGS_AT + (version > 2 && flags & EXTENDED ? 4 : 2);
    let kept = 0;
    // Version 4 omits the prefix that a path shares with the previous one.
    if (version === 4) {
      const cut = varint(index, name);
      name = cut.next;
      kept = Math.max(0, path.length - cut.value);
    }
    const end = index.indexOf(0, name);
    if (end < 0 || kept + end - name > MAX_PATH_BYTES || stages.size > MAX_CONFLICTS) break;
    path = Buffer.concat([path.subarray(0, kept), index.subarray(name, end)]);
    at = version === 4 ? end + 1 : at + (Math.floor((end - at) / 8) + 1) * 8;
    const stage = (flags >> 12) & 3;
    if (stage > 0) stages.set(path.toString(), (stages.get(path.toString()) ?? 0) | (1 << stage));
  }
  const bothSides = (1 << 2) | (1 << 3);
  return new Map([...stages].map(([name, bits]) => [name, (bits & bothSides) === bothSides]));
}

/** git's variable-length number: seven bits per byte, and each continuation adds one. */
function varint(bytes: Buffer, from: number): { value: number; next: number } {
  let next = from;
  let byte = bytes[next++] ?? 0;
  let value = byte & 127;
  while (byte & 128 && next < bytes.length) {
    byte = bytes[next++] ?? 0;
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, next };
}
