import { expect, test } from 'vitest';
import { Changes } from '../../src/changes.js';

const never = new AbortController().signal;

test('a wait ends at the notice of its task, and of no other', async () => {
  const changes = new Changes();
  const watch = changes.watch('a');
  const startMs = performance.now();
  const waiting = watch.next(200, never);
  changes.notify('b');
  await waiting;
  expect(performance.now() - startMs).toBeGreaterThan(150);
  const again = watch.next(10_000, never);
  changes.notify('a');
  await again;
  watch.stop();
  expect(changes.watching).toBe(0);
});

test('a notice between two waits is not missed', async () => {
  const changes = new Changes();
  const watch = changes.watch('a');
  changes.notify('a');
  const startMs = performance.now();
  await watch.next(10_000, never);
  expect(performance.now() - startMs).toBeLessThan(1000);
  watch.stop();
});

test('an abort ends a wait, also one that came before it', async () => {
  const changes = new Changes();
  const ended = new AbortController();
  const watch = changes.watch('a');
  const waiting = watch.next(10_000, ended.signal);
  ended.abort();
  await waiting;
  await watch.next(10_000, ended.signal);
  watch.stop();
});
