import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OrchestratorError } from '../../src/errors.js';
import { type Logger, withBindings } from '../../src/queue/logger.js';
import { asUnavailable } from '../../src/queue/redis-errors.js';
import { sayFailed, whatIsAway } from '../../src/queue/what-is-away.js';
import { sayAway, sayBack } from '../../src/service/outage-log.js';

const lost = new Error('Connection is closed.');

describe('an outage', () => {
  let lines: string[];
  let logger: Logger;
  const line = (level: string) => (about: object, message: string) =>
    void lines.push(
      [level, message, (about as { away_s?: number }).away_s].filter((part) => part !== undefined).join(' '),
    );

  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    logger = { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') };
  });
  afterEach(() => vi.useRealTimers());

  test('is one line when it begins, one a minute while it lasts, one at its end, whichever parts tell of it', () => {
    const parts = [
      logger,
      withBindings(logger, { queue: 'a' }),
      withBindings(withBindings(logger, {}), { queue: 'b' }),
    ];
    for (let second = 0; second < 150; second += 1) {
      for (const part of parts) sayAway(part, 'Redis', lost, 'reading');
      vi.advanceTimersByTime(1000);
    }
    for (const part of parts) sayBack(part, 'Redis');
    expect(lines).toEqual([
      ...['warn Redis is away, trying again', 'warn Redis is still away, trying again 60'],
      ...['warn Redis is still away, trying again 120', 'info Redis is back 150'],
    ]);
  });

  test('that comes and goes is told once a minute', () => {
    for (let second = 0; second < 59; second += 1) {
      sayAway(logger, 'Redis', lost, 'reading');
      vi.advanceTimersByTime(500);
      sayBack(logger, 'Redis');
      vi.advanceTimersByTime(500);
    }
    expect(lines).toEqual(['warn Redis is away, trying again', 'info Redis is back 1']);
    vi.advanceTimersByTime(1000);
    sayAway(logger, 'Redis', lost, 'reading');
    expect(lines.slice(2)).toEqual(['warn Redis is away, trying again']);
  });

  test('of one thing, or of one service, says nothing of another', () => {
    const other = { ...logger };
    for (const one of [logger, other]) sayAway(one, 'Redis', lost, 'reading');
    sayAway(logger, 'the database', lost, 'reading');
    sayBack(logger, 'the API');
    expect(lines).toEqual([
      ...['warn Redis is away, trying again', 'warn Redis is away, trying again'],
      'warn the database is away, trying again',
    ]);
  });

  test('is no other failure: that is a line of its own', () => {
    for (let n = 0; n < 3; n += 1) {
      sayFailed(logger, new OrchestratorError('NETWORK', 'connect ECONNREFUSED'), 'asking');
      sayFailed(logger, asUnavailable(new Error('OOM command not allowed'), 'x'), 'writing');
    }
    expect(lines).toEqual(['warn the API is away, trying again', 'warn writing', 'warn writing', 'warn writing']);
  });
});

test.each([
  ['Redis', lost],
  ['Redis', new Error('w-1: Connection is closed.', { cause: lost })],
  ['Redis', asUnavailable(lost, 'reading')],
  ['Redis', asUnavailable(Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' }), 'reading')],
  ['the API', new OrchestratorError('API_UNAVAILABLE', 'x')],
  ['the API', new OrchestratorError('TIMEOUT', 'x')],
  [undefined, asUnavailable(new Error('MISCONF Redis is configured to save'), 'writing')],
  [undefined, new OrchestratorError('TASK_NOT_FOUND', 'x')],
  [undefined, new Error('x')],
])('%s is away, or nothing is: %s', (what, error) => {
  expect(whatIsAway(error)).toBe(what);
});
