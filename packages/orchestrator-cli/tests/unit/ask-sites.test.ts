import { expect, it } from 'vitest';
import { isInReach } from '../../src/operations/ask-sites.js';

it.each([
  ['http://127.0.0.1:18000', 'http://127.0.0.1:8000', true],
  ['http://127.0.0.1:18000', 'http://localhost:8000', true],
  ['http://[::1]:18000', 'http://127.0.0.1:8000', true],
  ['http://127.0.0.1:18000', 'https://orchestrator.example.org', false],
  ['http://localhost:18000', 'http://203.0.113.7:8000', false],
  ['http://203.0.113.7:18000', 'https://orchestrator.example.org', true],
  ['http://127.example.org', 'https://orchestrator.example.org', true],
])('a site at %s of a system at %s is in reach: %s', (url, apiUrl, expected) => {
  expect(isInReach(url, apiUrl)).toBe(expected);
});
