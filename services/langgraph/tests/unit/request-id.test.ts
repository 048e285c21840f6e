import { describe, expect, it } from 'vitest';
import { requestId } from '../../src/engine/request-id.js';

describe('request ids', () => {
  it('are the same for the same dispatch', () => {
    expect(requestId('thread', 'develop', 1, 2)).toBe(requestId('thread', 'develop', 1, 2));
  });

  it('differ for another thread, step, epoch or round, however the parts are cut', () => {
    const ids = [
      requestId('thread', 'develop', 1, 2),
      requestId('thread2', 'develop', 1, 2),
      requestId('thread', 'test', 1, 2),
      requestId('thread', 'develop', 2, 2),
      requestId('thread', 'develop', 1, 3),
      requestId('thread', 'develop', 12),
      requestId('thread', 'develop', '1', 2),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are UUIDs of version 5', () => {
    expect(requestId('thread', 'develop')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
