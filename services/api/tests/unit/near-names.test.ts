import { expect, test } from 'vitest';
import { nearNames } from '../../src/store/near-names.js';

test('the nearest names come first, the far ones not at all', () => {
  const names = ['weather', 'whether', 'invoices', 'leather-shop'];
  expect(nearNames('wether', names)).toEqual(['weather', 'whether']);
  expect(nearNames('leather', names)).toEqual(['leather-shop', 'weather']);
  expect(nearNames('zzzzzz', names)).toEqual([]);
  expect(nearNames('', names)).toEqual([]);
});
