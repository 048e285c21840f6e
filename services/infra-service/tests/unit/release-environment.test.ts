import { expect, test } from 'vitest';
import { contractEnvironment, releaseEnvironment } from '../../src/releases/release-environment.js';

const entry = (name: string, rest: { required?: boolean; default?: string } = {}) => ({
  name,
  required: true,
  secret: false,
  ...rest,
});

test('A secret wins over a default; what the contract does not name stays out', () => {
  const contract = [entry('A', { default: 'default' }), entry('B', { default: 'default' })];
  expect(contractEnvironment(contract, { A: 'secret', C: 'other' })).toEqual({ A: 'secret', B: 'default' });
});

test('Every missing name is told at once', () => {
  const contract = [entry('A'), entry('B'), entry('C', { required: false }), entry('D', { default: '' })];
  expect(() => contractEnvironment(contract, {})).toThrow(/needs A, B:/);
});

test('A value that no environment can hold is told by its name', () => {
  const told = () => contractEnvironment([entry('STRIPE_KEY')], { STRIPE_KEY: 'hunter2\u0000b' });
  expect(told).toThrow(/^STRIPE_KEY holds a NUL character/);
  expect(told).not.toThrow(/hunter2/);
});

test('Names that every release gets are never missing, and cannot be set', () => {
  const contract = contractEnvironment([entry('PORT'), entry('RELEASE', { default: 'mine' }), entry('NODE_ENV')], {
    NODE_ENV: 'staging',
  });
  const place = { path: '/bin', home: '/home', host: '127.0.0.1', port: 4711, sha: 'abc' };
  expect(releaseEnvironment(contract, place)).toEqual({
    LANG: 'C.UTF-8',
    NODE_ENV: 'staging',
    PATH: '/bin',
    HOME: '/home',
    HOST: '127.0.0.1',
    PORT: '4711',
    RELEASE: 'abc',
  });
});

test('A name that every object has is no secret', () => {
  expect(() => contractEnvironment([entry('constructor')], {})).toThrow(/constructor/);
});
