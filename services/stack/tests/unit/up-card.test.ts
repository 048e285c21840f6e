import { expect, it } from 'vitest';
import { upCard } from '../../src/up-card.js';

const facts = { apiUrl: 'http://127.0.0.1:44425', dataDir: '/srv/data', agent: 'demo', seconds: 5.23 };

it('the card of a running system fits 60 columns, and its commands can be pasted', () => {
  const left = { name: 'local', api_url: 'http://127.0.0.1:40001' };
  const card = upCard({ ...facts, tokenFile: '/home/x/a token', profile: 'local-2', left });

  for (const line of card.split('\n')) expect(line.length, line).toBeLessThanOrEqual(60);
  const commands = card.replaceAll(/ \\\n +/g, ' ');
  expect(commands).toContain('bin/orchestrator engineering start --project blog --spec "A tea blog" --wait\n');
  expect(commands).toContain(
    "orchestrator auth login --token-stdin --api-url http://127.0.0.1:44425 < '/home/x/a token'\n",
  );
  expect(card).toContain('Before, they used http://127.0.0.1:40001');
  expect(card).toContain('bin/orchestrator --profile local project list\n');
  expect(card).toContain('bin/orchestrator config set current_profile local\n');
});

it('the card mentions another HOME and another system only if there is one', () => {
  const card = upCard(facts);

  expect(card).toContain('Codegen orchestrator is up (5.2 s)');
  expect(card).not.toContain('another account');
  expect(card).not.toContain('Commands now use');
});
