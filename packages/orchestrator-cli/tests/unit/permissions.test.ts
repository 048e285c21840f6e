import { holdsScope } from '@codegen/contracts/scopes';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/command-table.js';
import { allowedPatterns, checkAllowed, keyMay } from '../../src/permissions.js';
import { permittedData } from '../../src/permitted-steps.js';

const allowed = (id: string, variable: string | undefined) => holdsScope(allowedPatterns(variable), id);

describe('ALLOWED_COMMANDS', () => {
  it('allows everything when it is missing or *', () => {
    for (const id of Object.keys(commandTable)) {
      expect(allowed(id, undefined)).toBe(true);
      expect(allowed(id, '*')).toBe(true);
    }
  });

  it('allows nothing when it is empty', () => {
    expect(allowed('project.list', '')).toBe(false);
    expect(allowed('project.list', ' , ')).toBe(false);
  });

  it('takes ids, whole topics and roles, by commas or spaces', () => {
    const variable = 'project.*, engineering.start respond';

    expect(allowed('project.create', variable)).toBe(true);
    expect(allowed('engineering.start', variable)).toBe(true);
    expect(allowed('engineering.wait', variable)).toBe(false);
    expect(allowed('deploy.start', variable)).toBe(false);
    expect(allowed('engineering.start', 'PRODUCT_OWNER')).toBe(true);
    expect(allowed('project.create', 'DEVELOPER')).toBe(false);
    expect(allowed('deploy.start', 'devops')).toBe(true);
    for (const role of ['PRODUCT_OWNER', 'DEVELOPER', 'DEVOPS']) expect(allowed('contracts.schema', role)).toBe(true);
  });

  it('leaves to admins what writes any message, and gives variables to agents', () => {
    for (const id of ['queue.publish', 'worker.create.env']) {
      for (const role of ['PRODUCT_OWNER', 'DEVELOPER', 'DEVOPS'])
        expect([id, role, allowed(id, role)]).toEqual([id, role, false]);
    }
    for (const id of ['worker.create', 'worker.send', 'queue.peek', 'queue.dlq.replay'])
      expect(allowed(id, 'DEVOPS')).toBe(true);
    for (const [id, topic] of [
      ['worker.create.env', 'worker.*, worker.create.*'],
      ['queue.publish', 'queue.*'],
    ] as const) {
      expect(allowed(id, topic)).toBe(false);
      expect(allowed(id, `${topic} ${id}`)).toBe(true);
      expect(allowed(id, '*')).toBe(true);
    }
  });

  it('knows a topic that is a command too, and no look-alikes', () => {
    expect(allowed('diagnose', 'diagnose.*')).toBe(true);
    expect(allowed('diagnose.api', 'diagnose')).toBe(false);
    expect(allowed('projects.list', 'project.*')).toBe(false);
    expect(allowed('project.list', 'project')).toBe(false);
  });

  it('says of a name that means nothing that it does', () => {
    const refuse = (list: string) => () => checkAllowed('task.list', { ALLOWED_COMMANDS: list });
    expect(refuse('bogus, project.get')).toThrow(
      /; bogus in it is no command, topic\.\* or role; allowed: project\.get/,
    );
    expect(refuse('bogus')).toThrow(/bogus in it is no command/);
    expect(refuse('project.get')).toThrow(/^task\.list is not in ALLOWED_COMMANDS; allowed: project\.get$/);
  });

  it('names what is allowed when it refuses', () => {
    expect(() => checkAllowed('deploy.start', { ALLOWED_COMMANDS: 'task.get' })).toThrow(
      expect.objectContaining({ code: 'COMMAND_NOT_ALLOWED', exitCode: 6, choices: ['task.get'] }),
    );
  });
});

describe('what a key may do', () => {
  it('is for administrators alone where the command is, also with every scope', () => {
    const [user, admin] = [false, true].map((isAdmin) => ({ scopes: ['*'], isAdmin }));

    expect(['user.list', 'infra.server.set'].map((id) => keyMay(id as 'user.list', user))).toEqual([false, false]);
    expect([keyMay('user.list', admin), keyMay('user.list', undefined), keyMay('task.list', user)]).toEqual(
      Array(3).fill(true),
    );
  });
});

describe('steps in data', () => {
  const caller = { env: { ALLOWED_COMMANDS: 'queue.peek' }, system: {} };
  const step = { command: 'orchestrator queue dlq purge x', when: 'to see' };
  const help = { command: 'orchestrator --help', when: 'to see the commands that may be used here' };

  it('are those of a status, a verdict and checks, and no field of a message that looks like one', () => {
    for (const shape of [(next: object) => ({ next }), (next: object) => ({ verdict: { next } })]) {
      expect(permittedData(shape(step), caller)).toEqual(shape(help));
    }
    expect(permittedData({ checks: [{ next: step }, {}] }, caller)).toEqual({ checks: [{ next: help }, {}] });
    const waiting = (next: object) => ({ items: [{ waits_for: { next } }, { waits_for: null }] });
    expect(permittedData(waiting(step), caller)).toEqual(waiting(help));
    const peeked = { items: [{ message: { next: step, verdict: { next: step } } }] };
    expect(permittedData(peeked, caller)).toEqual(peeked);
  });
});
