import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { smallDisk } from '../../../../tests/support/small-disk.js';
import { OrchestratorError, PermanentError, TransientError } from '../../src/errors.js';
import { diskFault, faultCode, faultInOutput, fullDisk, systemFault } from '../../src/files/index.js';

const failed = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

describe('the fault of a machine', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM'])('is known by %s, also as a cause', (code) => {
    expect(faultCode(failed(code))).toBe(code);
    expect(faultCode(new PermanentError('it failed', { cause: failed(code) }))).toBe(code);
    expect(faultInOutput(`npm error code ${code}`)).toBe(code);
  });

  it('is no other error', () => {
    for (const error of [failed('ENOENT'), failed('EACCES'), new Error('ENOSPC'), 'ENOSPC', undefined]) {
      expect(faultCode(error)).toBe(undefined);
    }
    expect(faultInOutput('fatal: bad object')).toBe(undefined);
    expect(faultInOutput(undefined)).toBe(undefined);
  });

  it('is a sentence that says whose it is, where, and what to do', async () => {
    const of = (error: unknown) => systemFault(error, { whose: 'scaffolder', folders: [] });
    expect(await of(failed('ENOSPC'))).toBe(
      `the disk of scaffolder on ${hostname()} is full (ENOSPC): make room there`,
    );
    expect(await of(new PermanentError('it failed', { cause: failed('EMFILE') }))).toContain('has too many open files');
    expect(await of(new Error('git failed: fatal: write error: No space left on device'))).toContain('is full');
    expect(await of(new Error('git failed: Read-only file system'))).toContain('is read-only');
    expect(await of(new Error('no such branch'))).toBe(undefined);
  });

  it('is not looked for where a peer is unavailable', async () => {
    const of = (error: unknown) => systemFault(error, { whose: 'x', folders: ['/proc/1/nowhere'] });
    expect(await of(new OrchestratorError('API_UNAVAILABLE', 'No space left on device'))).toBe(undefined);
    expect(await of(new TransientError('No space left on device'))).toBe(undefined);
  });
});

describe.runIf(canMount)('a disk', () => {
  it('is full where next to nothing is left, and well again after that', async () => {
    const disk = await smallDisk(64);
    onTestFinished(() => disk.remove());
    expect([await fullDisk(disk.path), await diskFault(disk.path)]).toEqual([undefined, undefined]);
    await disk.fill(1024 * 1024);
    expect([await fullDisk(disk.path), await diskFault(disk.path)]).toEqual(['ENOSPC', 'ENOSPC']);
    const found = await systemFault(new Error('git failed'), { whose: 'x', folders: ['/tmp', disk.path] });
    expect(found).toContain('is full');
    await disk.makeRoom();
    expect(await diskFault(disk.path)).toBe(undefined);
  });

  it('that is read-only is reported as such', async () => {
    const disk = await smallDisk(64, { options: 'ro' });
    onTestFinished(() => disk.remove());
    expect([await fullDisk(disk.path), await diskFault(disk.path)]).toEqual([undefined, 'EROFS']);
  });

  it('that is not there is no fault of the machine', async () => {
    expect([await fullDisk('/nowhere'), await diskFault('/nowhere')]).toEqual([undefined, undefined]);
  });
});
