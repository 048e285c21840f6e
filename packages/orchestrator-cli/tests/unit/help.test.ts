import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { type CommandId, commandTable, spoken } from '../../src/command-table.js';
import { type CommandHelp, helpFor } from '../../src/help.js';
import { widthOf } from '../../src/render/text.js';

const ids = Object.keys(commandTable) as CommandId[];
const screen = { columns: 80, paint: new Chalk({ level: 0 }) };

describe('help', () => {
  it.each(ids)('of %s has examples, exit codes and a description of every flag, and fits 80 columns', async (id) => {
    const { data, render } = await helpFor(id, undefined);
    const help = data as CommandHelp;
    const text = render(screen);

    expect(help.examples.length).toBeGreaterThan(0);
    for (const example of help.examples) expect(example).toContain(`orchestrator ${spoken(id)}`);
    for (const { description } of [...help.flags, ...help.arguments]) expect(description).not.toBe('');
    expect(help.exit_codes.length).toBeGreaterThan(3);
    const prose = text.split('\n').filter((line) => !line.includes('$ '));
    for (const line of prose) expect(widthOf(line)).toBeLessThanOrEqual(80);
  });

  it('of no command lists them all', async () => {
    const { render } = await helpFor(undefined, undefined);

    for (const id of ids) expect(render(screen)).toContain(`  ${spoken(id)} `);
  });
});
