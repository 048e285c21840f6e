import { isSecretVariable } from '@codegen/sdk/text';
import { expect, it } from 'vitest';

it.each([
  ['ANTHROPIC_API_KEY', 'production'],
  ['PROXY', 'http://user:password@proxy:3128'],
  ['SLACK', 'https://hooks.example.com/services/T000/B000/XXXXXXXX'],
  ['DATABASE', 'postgres://u:p@h/db'],
  ['WHATEVER', '8f14e45fceea167a5a36dedd4bea2543'],
  ['LICENCE', 'AAAA-BBBB-CCCC'],
  ['GITHUB_PAT', 'ghp_0123456789abcdefghij'],
])('the plain value of %s is a secret: %s', (name, value) => {
  expect(isSecretVariable(name, value)).toBe(true);
});

it.each([
  ['NODE_ENV', 'production'],
  ['DEBUG', 'verbose'],
  ['TIMEOUT_MS', '300000'],
  ['PATH', '/usr/local/bin:/usr/bin'],
  ['CACHE_DIR', '/var/cache/agent-files'],
  ['ANTHROPIC_MODEL', 'claude-sonnet-4-5'],
  ['ANTHROPIC_BASE_URL', 'http://127.0.0.1:8080/v1'],
])('the plain value of %s is none: %s', (name, value) => {
  expect(isSecretVariable(name, value)).toBe(false);
});
