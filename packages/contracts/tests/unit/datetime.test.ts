import { describe, expect, test } from 'vitest';
import { attemptReport, createApiKey, incident, wireDatetime, wireDatetimeToMs, wireNow } from '../../src/index.js';

describe('datetimes on the wire', () => {
  test.each([
    ['2026-01-10T12:00:00Z', '2026-01-10T12:00:00.000Z'],
    ['2026-01-10T12:00:00', '2026-01-10T12:00:00.000Z'],
    ['2026-01-10T12:00:00.123456', '2026-01-10T12:00:00.123Z'],
    ['2026-01-10T12:00:00.1+03:00', '2026-01-10T09:00:00.100Z'],
    ['2026-01-10T12:00:00-0530', '2026-01-10T17:30:00.000Z'],
    ['2026-01-10 12:00', '2026-01-10T12:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('%s means %s', (text, iso) => {
    expect(wireDatetimeToMs(text)).toBe(Date.parse(iso));
    expect(wireDatetime.parse(text)).toBe(text);
  });

  test.each([
    '',
    'now',
    '2026-01-10',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-10T24:00:01Z',
    '2026-04-31T12:00:00',
    '0000-01-01T00:00:00Z',
    '2026-01-10T12:00:60Z',
    '2026-01-10T12:00:00+24:00',
    '2026-01-10T12:00:00+00:60',
    '٢٠٢٦-01-10T12:00:00',
    '2026-01-10T12:00:00Z\n',
    '1768046400',
    '9999-12-31T23:59:59-14:00',
    '0001-01-01T00:00:00+00:01',
  ])('%j is not a datetime', (text) => {
    expect(wireDatetimeToMs(text)).toBeUndefined();
    expect(wireDatetime.safeParse(text).success).toBe(false);
  });

  test('what we write is RFC 3339 in UTC', () => {
    expect(wireNow()).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
  });
});

describe('datetimes of the REST API', () => {
  const { created_at: written } = incident.shape;

  test.each(['yesterday', '2026-02-30T12:00:00Z', '2026-01-10T12:00:00'])('%s is not valid', (text) => {
    expect(written.safeParse('2026-01-10T12:00:00.123Z').success).toBe(true);
    expect(written.safeParse(text).success).toBe(false);
  });

  test('are datetimes on the wire too', () => {
    const naive = '2026-01-10T12:00:00.123456';
    expect(attemptReport.parse({ finished_at: naive }).finished_at).toBe(naive);
    expect(attemptReport.safeParse({ finished_at: 'yesterday' }).success).toBe(false);
    expect(createApiKey.parse({ name: 'ci', expires_at: naive }).expires_at).toBe(naive);
    expect(createApiKey.safeParse({ name: 'ci', expires_at: 'soon' }).success).toBe(false);
  });
});
