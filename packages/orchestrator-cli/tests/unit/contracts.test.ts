import { queues } from '@codegen/contracts';
import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { widthOf } from '../../src/kit/text.js';
import { checkDocument, contractNames, isContractName } from '../../src/operations/contract-models.js';
import { listContracts } from '../../src/operations/list-contracts.js';
import { unknownModelError } from '../../src/operations/unknown-model.js';
import { validateBytes } from '../../src/operations/validate-bytes.js';
import { renderContracts } from '../../src/render/contracts.js';

describe('the list of contracts', () => {
  it('has every stream and every model once', () => {
    const { queues: listed, other_models, dtos } = listContracts();

    expect(listed.map(({ stream }) => stream)).toEqual(queues.map(({ stream }) => stream));
    expect(new Set([...listed.map(({ model }) => model), ...other_models, ...dtos])).toEqual(new Set(contractNames));
    expect(listed.find(({ stream }) => stream === 'worker:commands')).toMatchObject({
      kind: 'work',
      group: 'worker-manager',
      legacy_streams: ['cli-agent:commands'],
      dead_letter_stream: 'worker:commands:dlq',
    });
    expect(listed.find(({ kind }) => kind === 'log')).toMatchObject({ group: null, dead_letter_stream: null });
  });

  it('fits the screen, with whole names of streams', () => {
    const contracts = listContracts();
    const text = renderContracts(contracts, { columns: 80, paint: new Chalk({ level: 0 }) });

    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
    for (const { stream } of contracts.queues) expect(text).toContain(`${stream} `);
    for (const name of [...contracts.other_models, ...contracts.dtos])
      expect(text).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('a model that there is not', () => {
  it('is told with the closest name, however it is spelled', () => {
    for (const name of ['engineeringmessage', 'engineering_message', 'EngineringMessage']) {
      expect(unknownModelError('NOT_FOUND', name, contractNames)).toMatchObject({
        message: `there is no model "${name}"; did you mean EngineeringMessage?`,
        choices: contractNames,
      });
    }
    expect(unknownModelError('NOT_FOUND', 'zebra', contractNames).message).toBe('there is no model "zebra"');
    for (const name of ['toString', '__proto__', '']) expect(isContractName(name)).toBe(false);
  });
});

describe('a body of the REST API', () => {
  it('is checked against its schema alone', () => {
    expect(checkDocument('Whoami', [])).toMatchObject([{ path: '' }]);
    expect(checkDocument('PutServer', { ip: '127.0.0.1', port_from: 0 })).toMatchObject([{ path: 'port_from' }]);
    expect(checkDocument('PutServer', { ip: '127.0.0.1', version: '2', secrets: ['x'] })).toEqual([]);
  });
});

describe('a document', () => {
  const refusalOf = (bytes: Buffer | string) => {
    try {
      validateBytes('DeployMessage', Buffer.from(bytes));
      return undefined;
    } catch (error) {
      return error as { code: string; message: string; details: { errors?: { path: string; message: string }[] } };
    }
  };

  it('is valid with a byte order mark and spaces around it', () => {
    expect(refusalOf('\ufeff {"task_id":"t","project_id":"p","user_id":1}\r\n')).toBeUndefined();
  });

  it.each([
    ['', 'it is empty'],
    ['\ufeff\n', 'it is empty'],
    ['{"secrets": hunter2', "it is not JSON: Unexpected token 'h'"],
    [Buffer.from('\ufeff{}', 'utf16le'), 'it is not UTF-8 text'],
  ])('of %j says: %s', (bytes, why) => {
    expect(refusalOf(bytes)).toMatchObject({ code: 'VALIDATION_FAILED', message: expect.stringContaining(why) });
    expect(JSON.stringify(refusalOf(bytes))).not.toContain('unter2');
  });

  it('that is wrong is refused with every path and reason', () => {
    expect(refusalOf('{"task_id":7,"project_id":"p"}')?.details.errors).toEqual([
      { path: 'task_id', message: expect.stringContaining('expected string') },
      { path: 'user_id', message: expect.stringContaining('expected number') },
    ]);
  });

  it('with very many faults is told the first of them', () => {
    const config = { name: 'a', agent: 'custom', capabilities: Array(60).fill(1), env_vars: {} };

    expect(() => validateBytes('WorkerConfig', Buffer.from(JSON.stringify(config)))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('60 problems, the first 50 are'),
        details: { model: 'WorkerConfig', errors: expect.objectContaining({ length: 50 }) },
      }),
    );
  });
});
