import type { Screen } from '../kit/screen.js';
import { type Column, renderTable } from '../kit/table.js';
import type { ContractList, ListedQueue } from '../operations/list-contracts.js';

const columns: Column<ListedQueue>[] = [
  { title: 'STREAM', value: ({ stream }) => stream, whole: true },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'MODEL', value: ({ model }) => model, whole: true },
  { title: 'GROUP', value: ({ group }) => group ?? '' },
  { title: 'FROM → TO', value: ({ producers, consumers }) => `${producers.join(', ')} → ${consumers.join(', ')}` },
];

/** The streams as a table, older names of streams, and the models without a stream. */
export function renderContracts({ queues, other_models, dtos }: ContractList, screen: Screen): string {
  const { paint } = screen;
  const older = queues.flatMap(({ stream, legacy_streams }) => legacy_streams.map((name) => `  ${name} as ${stream}`));
  const blocks = [
    renderTable(queues, columns, screen),
    `${paint.bold('Older names that are still read')}\n${older.join('\n')}`,
    `${paint.bold('Other models')}\n${wrapNames(other_models, screen)}`,
    `${paint.bold('Bodies and queries of the REST API')}\n${wrapNames(dtos, screen)}`,
    `${paint.bold('Next:')} orchestrator contracts schema ${queues[0]?.model}`,
  ];
  return blocks.join('\n\n');
}

function wrapNames(names: readonly string[], { columns: width }: Screen): string {
  let text = '';
  let column = 0;
  for (const [at, name] of names.entries()) {
    const word = at === names.length - 1 ? name : `${name},`;
    const fits = column > 0 && column + 1 + word.length <= Math.min(width, 100);
    text += fits ? ` ${word}` : `${at === 0 ? '' : '\n'}  ${word}`;
    column = fits ? column + 1 + word.length : 2 + word.length;
  }
  return text;
}
