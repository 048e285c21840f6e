import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

let machine: Machine;
let dir: string;
beforeEach(async () => {
  machine = await makeMachine();
  dir = join(machine.folder, 'system');
});
afterEach(() => machine.remove());

const addresses = { DATABASE_URL: 'postgres://u:hunter2@db/codegen', REDIS_URL: 'redis://:hunter2@redis:6379' };

describe('system init', () => {
  it('writes the folder without a login, tells no secret, and touches none that is there', async () => {
    const dry = await machine.run(['system', 'init', '--dir', dir, '--dry-run', '--json']);
    expect(dry.code, dry.stdout).toBe(0);
    expect(await readdir(machine.folder)).not.toContain('system');

    const written = await machine.run(['system', 'init', '--dir', dir, '--port', '8123', '--json'], { env: addresses });
    expect(written.code, written.stdout).toBe(0);
    const { data, warnings } = envelopeOf(written);
    expect(data).toMatchObject({ dir, dry_run: false, agent: 'demo', blanks: [], data_dir: join(dir, 'data') });
    expect(data.files).toEqual(envelopeOf(dry).data.files);
    expect(warnings.join('\n')).toContain('the demo agent, which is not an AI');
    const api = await readFile(join(dir, 'env', 'api.env'), 'utf8');
    expect(api).toContain(`PORT='8123'`);
    expect(api).toContain('hunter2');
    const token = (await readFile(join(dir, 'keys', 'admin-token'), 'utf8')).trim();
    for (const secret of [token, 'hunter2']) expect(written.stdout + written.stderr).not.toContain(secret);

    const again = await machine.run(['system', 'init', '--dir', dir], { env: addresses });
    expect(again.code).toBe(5);
    expect(again.stderr).toContain(`${dir} is a system folder already; nothing was changed`);
    expect((await readFile(join(dir, 'keys', 'admin-token'), 'utf8')).trim()).toBe(token);
  });

  it('prints the blank addresses, and what is wrong', async () => {
    const { code, stdout } = await machine.run(['system', 'init', '--dir', 'system']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Wrote a system of 6 services\n/);
    expect(stdout).toMatch(/blank +DATABASE_URL in env\/api.env, env\/langgraph.env\n/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`Next: read ${dir}/README.md`);

    const wrong: [string[], RegExp][] = [
      [[], /dir/],
      [['--dir', 'x', '--agent', 'nobody'], /there is no agent named "nobody"/],
      [['--dir', 'x', '--port', '18000'], /--port 18000 is within --deploy-ports 18000-18999/],
      [['--dir', 'x', '--deploy-ports', '9-8'], /--deploy-ports must be FROM-TO/],
      [['--dir', 'x y'], /--dir is .* systemd units allow only letters/],
      [['--dir', 'x', '--user', 'a b'], /--user must be the name of an account/],
      [['--dir', 'x', '--release', '/nowhere'], /--release\) contains no built services/],
    ];
    for (const [args, message] of wrong) {
      const refused = await machine.run(['system', 'init', ...args]);
      expect([args, refused.code]).toEqual([args, 2]);
      expect(refused.stderr).toMatch(message);
    }
    expect((await readdir(machine.folder)).filter((name) => name.includes('x'))).toEqual([]);
  });
});
