import { describe, expect, test } from 'vitest';
import { parseReference } from '../../src/index.js';

describe('references to secrets', () => {
  test.each([
    ['none:', { kind: 'none' }],
    ['env:API_KEY', { kind: 'env', name: 'API_KEY' }],
    ['vault:platform/GITHUB_TOKEN', { kind: 'vault', scope: 'platform', name: 'GITHUB_TOKEN' }],
    ['vault:project/proj_1', { kind: 'vault', scope: 'project', projectId: 'proj_1' }],
    ['vault:project/proj_1/KEY', { kind: 'vault', scope: 'project', projectId: 'proj_1', name: 'KEY' }],
  ])('%s is read', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  test.each([
    'ghp_0123456789',
    'none',
    'env:',
    'env:A B',
    'vault:',
    'vault:platform',
    'vault:platform/A/B',
    'vault:project/',
    'vault:project/p/',
    'vault:project/p/A/B',
    'vault:project/../A',
    'VAULT:project/p',
  ])('%j is not a reference', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });
});
