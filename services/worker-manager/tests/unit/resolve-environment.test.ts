import { describe, expect, it } from 'vitest';
import { askedTooMuch, type ReferenceSources, resolveEnvironment } from '../../src/resolve-environment.js';

const vault: Record<string, string> = {
  'vault:project/p/TOKEN': 'secret-1',
  'vault:project/other/TOKEN': 'secret-3',
  'vault:project/p/NUL': 'hunter2\u0000b',
  'vault:platform/KEY': 'secret-2',
};
const sources: ReferenceSources = {
  resolveSecret: async (reference) => {
    const value = vault[reference];
    return { values: value === undefined ? {} : { [reference.split('/').at(-1) as string]: value } };
  },
  variable: (name) => ({ SHARED: 'from here', CLOSED: 'mine', REDIS_URL: 'redis://:password@host' })[name],
  openVariables: new Set(['SHARED', 'MISSING', 'REDIS_URL']),
  task: async () => ({ status: 'running', epoch: 7, project_id: 'p' }),
};
const context = { task_id: 'task_1', project_id: 'p', epoch: '7' };
const agent = { env: { F: 'own' }, allowEnv: ['A', 'B', 'C', 'D', 'APP_*', 'NODE_*', 'PERL*'] };
const resolve = (
  env_vars: Record<string, string>,
  { by = agent, from = sources, of = context }: { by?: object; from?: ReferenceSources; of?: object } = {},
) => resolveEnvironment(by, { env_vars, context: of as Record<string, string> }, from);

describe('resolveEnvironment', () => {
  it('resolves references, keeps the rest, leaves none: out, and says which are secret', async () => {
    const asked = { A: 'vault:project/p/TOKEN', C: 'env:SHARED', D: 'none:', APP_MODE: 'vault: plain' };
    expect(await resolve(asked)).toEqual({
      env: { F: 'own', A: 'secret-1', C: 'from here', APP_MODE: 'vault: plain' },
      secretNames: ['A', 'C'],
    });
  });

  it('tells which value no environment can hold, not what it is', async () => {
    const told = await resolve({ A: 'vault:project/p/NUL' }).catch((error: Error) => error.message);
    expect(told).toBe('A holds a NUL character, which no environment can: set it again without');
  });

  it("takes the operator's plain values for secrets, unless they are known to be none", async () => {
    const env = {
      VENDOR_KEY: 'k3y-in-plain',
      LICENCE: 'AAAA-BBBB-CCCC',
      NODE_ENV: 'production',
      CACHE_DIR: '/var/cache',
    };
    expect((await resolve({}, { by: { ...agent, env } })).secretNames).toEqual(['VENDOR_KEY', 'LICENCE']);
  });

  it('lets the operator set what a message may not, and refer to everything', async () => {
    const env = { PATH: '/opt/agent/bin', URL: 'env:REDIS_URL', X: 'env:CLOSED', B: 'vault:platform/KEY' };
    const all = { ...env, Y: 'vault:project/other/TOKEN' };
    expect((await resolve({}, { by: { env: all } })).env).toEqual({
      ...{ PATH: '/opt/agent/bin', URL: 'redis://:password@host', X: 'mine', B: 'secret-2', Y: 'secret-3' },
    });
    for (const [name, value] of Object.entries(all)) {
      await expect(resolve({ [name]: value })).rejects.toThrow(name);
    }
  });

  it.each([
    'ANTHROPIC_BASE_URL',
    ...['HTTPS_PROXY', 'http_proxy', 'NODE_PATH', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'PERL5OPT', 'PYTHONPATH'],
    ...['LD_PRELOAD', 'PATH', 'HOME', 'GIT_SSH_COMMAND', 'BASH_ENV', 'AGENT_RUN_ID', 'A_', 'app_mode', 'F'],
  ])('gives an agent no %s that a message sets', async (name) => {
    await expect(resolve({ [name]: 'x' })).rejects.toThrow(
      new RegExp(`^${name} (may not be set by a message|is set by)`),
    );
    expect(askedTooMuch({ [name]: 'x' }, agent, sources)).toMatchObject({
      refusal: 'not_allowed',
      error: expect.stringContaining(name),
    });
    expect(askedTooMuch({ A: 'x', APP_1: 'y' }, agent, sources)).toBeUndefined();
    await expect(resolve({ ANYTHING: 'x' }, { by: {} })).rejects.toThrow('"allowEnv"');
  });

  it.each([
    ...[
      'SHELLOPTS',
      'BASHOPTS',
      'PROMPT_COMMAND',
      'ENV',
      'EDITOR',
      'GIT_PAGER',
      'MANPAGER',
      'LESSOPEN',
      'XDG_CONFIG_HOME',
    ],
    ...[
      'ANTHROPIC_BASE_URL',
      'ftp_proxy',
      'npm_config_userconfig',
      'PIP_INDEX_URL',
      'REQUESTS_CA_BUNDLE',
      'OPENSSL_CONF',
    ],
    ...['OPENAI_API_BASE', 'AZURE_OPENAI_ENDPOINT', 'OLLAMA_HOST', 'ANTHROPIC_CUSTOM_HEADERS', 'CLAUDE_CONFIG_DIR'],
    ...['CODEX_HOME', 'GOPROXY', 'GOFLAGS', 'RUSTC_WRAPPER', 'CARGO_HOME', 'MAVEN_OPTS', 'DOTNET_STARTUP_HOOKS'],
    ...['DOCKER_HOST', 'KUBECONFIG', 'BUN_CONFIG_REGISTRY', 'UV_INDEX_URL', 'LUA_INIT', 'PHPRC', 'CLASSPATH'],
    ...['JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'RUBYOPT', 'PERL5LIB', 'PYTHONSTARTUP', 'DYLD_INSERT_LIBRARIES', 'TMP'],
  ])('gives an agent no %s, though the beginning of that name is open', async (name) => {
    const by = { allowEnv: [`${name.slice(0, 2)}*`] };
    await expect(resolve({ [name]: 'x' }, { by })).rejects.toThrow(`${name} may not be set by a message`);
  });

  it.each([
    ['A', 'vault:project/p', 'name one: vault:project/p/NAME'],
    ['A', 'vault:project/p/MISSING', 'there is no secret vault:project/p/MISSING'],
    ['A', 'vault:project/p/constructor', 'there is no secret vault:project/p/constructor'],
    ['A', 'vault:project/other/TOKEN', 'vault:project/other/TOKEN is of another project'],
    ['A', 'vault:platform/KEY', "vault:platform/KEY is for the operator's agents file"],
    ['A', 'env:MISSING', 'env:MISSING is not set for worker-manager'],
    ['A', 'env:CLOSED', 'WORKER_ENV_ALLOWLIST'],
    ['A', 'env:REDIS_URL', 'may not be given away'],
    ['not a name', 'x', 'is no variable name'],
  ])('refuses %s=%s and says why', async (name, value, why) => {
    await expect(resolve({ [name]: value })).rejects.toThrow(why);
  });

  it.each([
    ['no task', {}, {}],
    ['another project', { ...context, project_id: 'other' }, {}],
    ['an earlier epoch', { ...context, epoch: '6' }, {}],
    ['a task that has ended', context, { status: 'completed' as const }],
    ['a task of another project', context, { project_id: 'other' }],
  ])('opens no secret of a project for a command that names %s', async (_what, of, task) => {
    const asked: string[] = [];
    const from: ReferenceSources = {
      ...sources,
      task: async () => ({ status: 'running', epoch: 7, project_id: 'p', ...task }),
      resolveSecret: async (reference) => {
        asked.push(reference);
        return { values: { TOKEN: 'x' } };
      },
    };
    await expect(resolve({ A: 'vault:project/p/TOKEN' }, { from, of })).rejects.toThrow(/^A: vault:project\/p\/TOKEN /);
    expect(asked).toEqual([]);
  });

  it('says what to configure when there is no API', async () => {
    const from = { ...sources, resolveSecret: undefined, task: undefined };
    await expect(resolve({ A: 'vault:project/p/TOKEN' }, { from })).rejects.toThrow('set API_URL');
    await expect(resolve({}, { by: { env: { X: 'vault:platform/KEY' } }, from })).rejects.toThrow('set API_URL');
  });
});
