import { describe, expect, it } from 'vitest';
import { closingCard, printable } from '../../src/demo-card.js';

const result = {
  url: 'http://127.0.0.1:18000',
  titles: ['Low water', '\u001b[31mRed\u001b[0m\nherring'],
  phases: [
    { name: 'engineering', seconds: 3.21 },
    { name: 'deploy', seconds: 0.98 },
  ],
  sentenceToUrl: 4.19,
  log: ['abc1234 Write the site', 'def5678 Scaffold blog'],
};

describe('the closing card', () => {
  it('shows the results, their author, and three commands to paste', () => {
    const card = closingCard(result);
    for (const text of [
      'http://127.0.0.1:18000',
      'Low water',
      'sentence to URL:',
      '4.2 s',
      'abc1234',
      'which is not an AI',
    ]) {
      expect(card).toContain(text);
    }
    expect(card.match(/^ {2}bin\//gm)).toHaveLength(3);
  });

  it('says how to use and stop a kept system', () => {
    const card = closingCard(result, { home: '/tmp/demo', pid: 4711 });
    expect(card).toContain('export ORCHESTRATOR_CONFIG_DIR=/tmp/demo/config');
    expect(card).toContain('kill 4711');
  });

  it('removes control characters of titles, and fits 80 columns', () => {
    const card = closingCard({ ...result, titles: [...result.titles, 'x'.repeat(500)] });
    expect(card).not.toContain('\u001b');
    expect(card).toContain('[31mRed [0m herring');
    for (const line of card.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  });
});

describe('printable text', () => {
  it('is one line, cut between characters', () => {
    expect(printable('a\r\nb\tc\u2028d', 10)).toBe('a b c d');
    expect(printable('🥊🥊🥊🥊', 3)).toBe('🥊🥊…');
  });
});
