import type { ApiKey } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import { ago } from './status.js';

/** An API key in full; its secret is not part of it. */
export function renderKey(key: ApiKey, screen: Screen): string {
  const heading = `${screen.paint.bold(oneLine(key.name))}  ${paintState(stateOf(key), screen)}`;
  const pairs = renderPairs(
    [
      ['id', key.id],
      ['user', key.user_id],
      ['role', key.role],
      ['scopes', key.scopes.map(oneLine).join(', ')],
      ['expires', key.expires_at ?? 'never'],
      ['created', ago(key.created_at)],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}

/** API keys in a list. */
export function keyColumns(screen: Screen): Column<ApiKey>[] {
  return [
    { title: 'KEY', value: (key) => key.id, whole: true },
    { title: 'NAME', value: (key) => key.name },
    { title: 'STATE', value: stateOf, paint: (text, key) => paintState(text, screen, stateOf(key)) },
    { title: 'EXPIRES', value: (key) => key.expires_at?.slice(0, 10) ?? 'never' },
    { title: 'SCOPES', value: (key) => key.scopes.join(', ') },
  ];
}

function stateOf({ revoked_at, expires_at }: ApiKey): 'valid' | 'revoked' | 'expired' {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && Date.parse(expires_at) <= Date.now() ? 'expired' : 'valid';
}

function paintState(text: string, { paint }: Screen, state = text): string {
  return state === 'valid' ? paint.green(text) : paint.red(text);
}
