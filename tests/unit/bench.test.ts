import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { median, pairedRatio, percentile } from '../../bench/statistics.js';
import { check, cliTargets, queueTargets, rate } from '../../bench/targets.js';

describe('statistics of the benchmark', () => {
  it('take the middle value as the median, whatever the order', () => {
    expect(median([9, 1, 100])).toBe(9);
    expect(median([4, 1, 2, 100])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('leave the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    percentile(values, 99);
    expect(values).toEqual([3, 1, 2]);
  });

  it('take the nearest rank as a percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 50)).toBe(50);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });

  it('compare each round with itself, so that a slow round of both changes nothing', () => {
    expect(pairedRatio([20, 2, 30], [10, 1, 10])).toBe(2);
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
  });
});

describe('the check of the benchmark', () => {
  const met = Object.fromEntries(
    Object.entries(queueTargets).map(([figure, target]) => [
      figure,
      'atLeast' in target ? target.atLeast : target.atMost,
    ]),
  );

  it('passes if every target is met', () => {
    expect(check(met).ok).toBe(true);
    expect(check(met).rows.map(({ rating }) => rating)).toEqual(Object.keys(queueTargets).map(() => 'met'));
  });

  it.each(Object.keys(queueTargets))('fails without %s', (figure) => {
    const { [figure]: _, ...rest } = met;
    expect(check(rest).ok).toBe(false);
    expect(check({ ...met, [figure]: Number.NaN }).ok).toBe(false);
    expect(check({ ...met, [figure]: null }).ok).toBe(false);
  });

  it('fails without any figures', () => {
    expect(check(undefined).ok).toBe(false);
  });

  it('reports a missed target, and fails only below half of it', () => {
    expect(rate(3, { atLeast: 3 })).toBe('met');
    expect(rate(1.5, { atLeast: 3 })).toBe('missed');
    expect(rate(1.49, { atLeast: 3 })).toBe('failed');
    expect(check({ ...met, publish_window256_vs_bullmq: 1.6 }).ok).toBe(true);
    expect(check({ ...met, publish_window256_vs_bullmq: 1.4 }).ok).toBe(false);
  });

  it('reports a missed limit, and fails only above double of it', () => {
    expect(rate(0.5, { atMost: 0.5 })).toBe('met');
    expect(rate(1, { atMost: 0.5 })).toBe('missed');
    expect(rate(1.01, { atMost: 0.5 })).toBe('failed');
    expect(check({ ...met, memory_vs_bullmq: 0.9 }).ok).toBe(true);
    expect(check({ ...met, memory_vs_bullmq: 1.1 }).ok).toBe(false);
  });

  describe('as a command', () => {
    const folder = mkdtempSync(join(tmpdir(), 'codegen-bench-check-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const cli = {
      ratios: Object.fromEntries(Object.entries(cliTargets).map(([figure, { atMost }]) => [figure, atMost])),
    };
    const run = (name: string, text?: string) => {
      const file = join(folder, name);
      if (text !== undefined) writeFileSync(file, text);
      const script = fileURLToPath(new URL('../../bench/check.js', import.meta.url));
      return spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
    };

    it('prints figure, target, ratio and rating, and exits with 0', () => {
      const { status, stdout } = run('met.json', JSON.stringify({ queue: { ratios: met }, cli }));
      expect(stdout).toMatch(/^\| publish_vs_raw +\| ≥ 0\.7 +\| 0\.70 +\| met +\|$/m);
      expect(stdout).toMatch(/^\| memory_vs_bullmq +\| ≤ 0\.5 +\| 0\.50 +\| met +\|$/m);
      expect(status).toBe(0);
    });

    it('exits with 1 if a figure is worse than half of its target', () => {
      const ratios = { ...met, consume_c1_vs_bullmq: 0.9 };
      const { status, stdout } = run('failed.json', JSON.stringify({ queue: { ratios }, cli }));
      expect(stdout).toMatch(/^\| consume_c1_vs_bullmq +\| ≥ 2 +\| 0\.90 +\| failed +\|$/m);
      expect(status).toBe(1);
    });

    it('exits with 1 if a figure of the command line is missing or above double of its target', () => {
      const { help_vs_node: _, ...rest } = cli.ratios;
      for (const ratios of [rest, { ...cli.ratios, help_vs_node: 2.6 }]) {
        const { status, stderr } = run('cli.json', JSON.stringify({ queue: { ratios: met }, cli: { ratios } }));
        expect(stderr).toContain('npm run bench:cli');
        expect(status).toBe(1);
      }
    });

    it('exits with 1 and prints the command to run if there are no results', () => {
      for (const { status, stderr } of [run('none.json'), run('broken.json', '{')]) {
        expect(stderr).toContain('npm run bench:queue');
        expect(status).toBe(1);
      }
    });
  });
});
