import { describe, expect, it } from 'vitest';
import { resolveEnvironment } from '../../src/resolve-environment.js';

const vault: Record<string, string> = { 'vault:project/p/TOKEN': 'secret-1', 'vault:platform/KEY': 'secret-2' };
const sources = {
  resolveSecret: async (reference: string) => {
    const value = vault[reference];
    return { values: value === undefined ? {} : { [reference.split('/').at(-1) as string]: value } };
  },
  variable: (name: string) => ({ SHARED: 'from here', REDIS_URL: 'redis://:password@host' })[name],
};

describe('resolveEnvironment', () => {
  it('resolves references, keeps the rest, leaves none: out, and says which are secret', async () => {
    const asked = {
      A: 'vault:project/p/TOKEN',
      B: 'vault:platform/KEY',
      C: 'env:SHARED',
      D: 'none:',
      E: 'vault: plain',
    };
    expect(await resolveEnvironment({ F: 'own' }, asked, sources)).toEqual({
      env: { F: 'own', A: 'secret-1', B: 'secret-2', C: 'from here', E: 'vault: plain' },
      secretNames: ['A', 'B', 'C'],
    });
  });

  it('lets the operator set what a message may not', async () => {
    const own = { PATH: '/opt/agent/bin', URL: 'env:REDIS_URL' };
    expect((await resolveEnvironment(own, {}, sources)).env).toEqual({
      PATH: '/opt/agent/bin',
      URL: 'redis://:password@host',
    });
    for (const [name, value] of Object.entries(own)) {
      await expect(resolveEnvironment({}, { [name]: value }, sources)).rejects.toThrow(name);
    }
  });

  it.each([
    ['X', 'vault:project/p', 'name one: vault:project/p/NAME'],
    ['X', 'vault:project/p/MISSING', 'there is no secret vault:project/p/MISSING'],
    ['X', 'env:MISSING', 'env:MISSING is not set for worker-manager'],
    ['not a name', 'x', 'is no variable name'],
    ['NODE_OPTIONS', '--import=x', 'may not be set by a message'],
    ['AGENT_RUN_ID', 'x', 'may not be set by a message'],
  ])('refuses %s=%s and says why', async (name, value, why) => {
    await expect(resolveEnvironment({}, { [name]: value }, sources)).rejects.toThrow(why);
  });

  it('says what to configure when there is no API', async () => {
    const without = { ...sources, resolveSecret: undefined };
    await expect(resolveEnvironment({}, { X: 'vault:platform/KEY' }, without)).rejects.toThrow('set API_URL');
  });
});
