import { OrchestratorError } from '@codegen/sdk/errors';
import { Redactor } from '@codegen/sdk/text';
import { describe, expect, it } from 'vitest';
import { cleanError } from '../../src/clean-outcome.js';
import { formatSeconds, parseDuration } from '../../src/input/duration.js';
import { exactText } from '../../src/input/files.js';
import { ciIdempotencyKey } from '../../src/kit/idempotency.js';
import { nearest } from '../../src/kit/nearest.js';
import { completeInput, pickFields, splitNames } from '../../src/kit/parse.js';
import type { Runtime } from '../../src/kit/runtime.js';
import { nextSteps } from '../../src/next-steps.js';
import { asCalled, hintsAsCalled } from '../../src/program.js';

describe('the next step of a call in doubt', () => {
  it('is one command for a shell, whatever the key is', () => {
    const [, again] = nextSteps(new OrchestratorError('NETWORK', 'gone'), 'project create', 'k;$(reboot)');

    expect(again?.command).toBe("orchestrator project create --idempotency-key 'k;$(reboot)'");
  });
});

describe('what was refused because of the role', () => {
  const refused = new OrchestratorError('FORBIDDEN', 'this is for keys of the role admin', { choices: ['admin'] });
  const nextOf = (system: Runtime['system'], error = refused) => {
    const argv = ['--api-url', 'http://x', 'task_1', '--reason', "it's $(stuck)", '--profile=mine', '--', 'a b'];
    const runtime = { meta: { request_id: '', correlation_id: '' }, redactor: new Redactor(), system };
    return cleanError(error, 'task.fail', runtime, argv).next[0]?.command;
  };

  it('is told again with the login of an administrator, word for word, where there is one', () => {
    expect(nextOf({ profile: 'mine', 'api-url': 'http://x', admin: 'root' })).toBe(
      `orchestrator task fail --profile root task_1 --reason 'it'\\''s $(stuck)' -- 'a b'`,
    );
    expect(nextOf({})).toBe('orchestrator auth status');
    expect(nextOf({ admin: 'root' }, new OrchestratorError('FORBIDDEN', 'this key lacks the scope x'))).toBe(
      'orchestrator auth status',
    );
  });
});

describe('a token that does not fit', () => {
  it('is not to be mended by a login where it stands in a variable', () => {
    const of = (tokenInVariable: boolean) => {
      const error = new OrchestratorError('UNAUTHENTICATED', 'this API key is not known here');
      const runtime = {
        meta: { request_id: '', correlation_id: '' },
        redactor: new Redactor(),
        system: { tokenInVariable },
      };
      const { error: shown, next } = cleanError(error, 'task.list', runtime);
      return [shown.message, next[0]?.command];
    };
    expect(of(true)).toEqual([
      'this API key is not known here; it is the one in ORCHESTRATOR_TOKEN, which goes before every login',
      'unset ORCHESTRATOR_TOKEN',
    ]);
    expect(of(false)).toEqual(['this API key is not known here', 'orchestrator auth login']);
  });
});

describe('hints', () => {
  it('name the program as it was called, and change nothing else', () => {
    const called = '../bin/orchestrator';
    expect(asCalled('orchestrator task list', called)).toBe('../bin/orchestrator task list');
    expect(asCalled('ORCHESTRATOR_DEBUG=1 orchestrator up', called)).toBe(
      'ORCHESTRATOR_DEBUG=1 ../bin/orchestrator up',
    );
    expect(asCalled('kill 7', called)).toBe('kill 7');
    const text = 'orchestrator is up\n\u001b[1mNext:\u001b[22m orchestrator task list\nNext:\n    orchestrator a';
    expect(hintsAsCalled(text, called)).toBe(
      'orchestrator is up\n\u001b[1mNext:\u001b[22m ../bin/orchestrator task list\nNext:\n    ../bin/orchestrator a',
    );
  });
});

describe('durations', () => {
  it('are read with units, and a bare number as seconds', () => {
    expect(['90s', '15m', '1h30m', '500ms', '7'].map((text) => parseDuration(text, '--wait'))).toEqual([
      90_000, 900_000, 5_400_000, 500, 7000,
    ]);
  });

  it('are refused when they are something else', () => {
    for (const text of ['', 'soon', '15x', '-5m', '1.5h', '5m!']) {
      expect(() => parseDuration(text, '--wait')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });

  it('are told as people do', () => {
    expect([0, 59, 72, 3600, 7500].map(formatSeconds)).toEqual(['0s', '59s', '1m 12s', '1h 00m', '2h 05m']);
  });
});

describe('did you mean', () => {
  it('finds what was mistyped, best first, and nothing far away', () => {
    const commands = ['project create', 'project list', 'task list'];

    expect(nearest('project lsit', commands)[0]).toBe('project list');
    expect(nearest('prject create', commands)[0]).toBe('project create');
    expect(nearest('zebra', commands)).toEqual([]);
  });
});

describe('redaction', () => {
  it('takes out what it was told, keys, and passwords in URLs', () => {
    const redactor = new Redactor();
    redactor.add('a-long-secret');
    redactor.add('redis://user:p%40ssw0rd-x@host:6379');

    const clean = redactor.clean(
      'a-long-secret cgk_0a1b2c3d_AbC-_9 redis://u:other@h p%40ssw0rd-x p@ssw0rd-x https://host/a:b@c',
    );

    expect(clean).toBe('[redacted] [redacted] redis://u:[redacted]@h [redacted] [redacted] https://host/a:b@c');
  });

  it('reaches into whatever an error carries', () => {
    expect(new Redactor().cleanAll({ a: ['cgk_1_2', 7, null], b: { c: 'x' } })).toEqual({
      a: ['[redacted]', 7, null],
      b: { c: 'x' },
    });
  });
});

describe('the idempotency key of CI', () => {
  const env = { GITHUB_RUN_ID: '7', GITHUB_JOB: 'build' };

  it('follows from run, command and input', () => {
    const key = ciIdempotencyKey('start', { spec: 'x' }, env);

    expect(key).toMatch(/^ci-[0-9a-f]{40}$/);
    expect(ciIdempotencyKey('start', { spec: 'x' }, { ...env })).toBe(key);
    expect(ciIdempotencyKey('start', { spec: 'y' }, env)).not.toBe(key);
    expect(ciIdempotencyKey('create', { spec: 'x' }, env)).not.toBe(key);
    expect(ciIdempotencyKey('start', { spec: 'x' }, { ...env, GITHUB_JOB: 'test' })).not.toBe(key);
    expect(ciIdempotencyKey('start', { spec: 'x' }, { ...env, GITHUB_RUN_ATTEMPT: '2' })).not.toBe(key);
  });

  it('is none elsewhere', () => {
    expect(ciIdempotencyKey('start', {}, { CI: 'true' })).toBeUndefined();
  });
});

describe('fields', () => {
  it('are picked by name, with null for what is not there', () => {
    expect(pickFields({ a: 1, c: 2 }, splitNames('b, a'))).toEqual({ b: null, a: 1 });
    expect(pickFields({ a: 1 }, undefined)).toEqual({ a: 1 });
  });

  it('are refused when they are unknown or none', () => {
    for (const flag of ['d', '', ' , ']) {
      const field = { name: 'fields', kind: 'text', description: '', fieldNames: ['a'] } as const;
      expect(() => completeInput({ fields: flag }, [field])).toThrow(
        expect.objectContaining({ code: 'VALIDATION_FAILED', choices: ['a'] }),
      );
    }
  });
});

describe('bytes of a spec', () => {
  it('become text without a change, or are refused', () => {
    const bytes = Buffer.from('\uFEFFa\r\nb\u0000 ', 'utf8');

    expect(Buffer.from(exactText(bytes), 'utf8').equals(bytes)).toBe(true);
    expect(() => exactText(Buffer.from([0xc3, 0x28]))).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});
