import { createHash } from 'node:crypto';

const NAMESPACE = Buffer.from('6f1d1f0a3c5b4e6e9a0c7d2b8e4f5a61', 'hex');

/**
 * The request id of one dispatch: a UUIDv5 (RFC 9562) of the thread and of what tells its dispatches apart. A node that
 * runs again after a crash asks for the same thing under the same id, so it is done once.
 */
export function requestId(threadId: string, step: string, ...parts: readonly (string | number)[]): string {
  const name = JSON.stringify([threadId, step, ...parts]);
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
