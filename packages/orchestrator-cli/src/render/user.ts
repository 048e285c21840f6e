import type { User } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import { ago } from './status.js';

/** A user in full. */
export function renderUser(user: User, screen: Screen): string {
  const heading = `${screen.paint.bold(oneLine(user.name ?? user.id))}  ${paintState(stateOf(user), screen)}`;
  const pairs = renderPairs(
    [
      ['id', user.id],
      ['telegram id', user.telegram_id === null ? undefined : String(user.telegram_id)],
      ['administrator', user.is_admin ? 'yes' : 'no'],
      ['disabled', user.disabled_at ? ago(user.disabled_at) : undefined],
      ['added', ago(user.created_at)],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}

/** Users in a list. */
export function userColumns(screen: Screen): Column<User>[] {
  return [
    { title: 'USER', value: (user) => user.id, whole: true },
    { title: 'NAME', value: (user) => user.name ?? '' },
    { title: 'STATE', value: stateOf, paint: (text, user) => paintState(text, screen, stateOf(user)) },
    { title: 'ADDED', value: (user) => ago(user.created_at) },
  ];
}

function stateOf({ is_admin, disabled_at }: User): 'disabled' | 'administrator' | 'user' {
  if (disabled_at) return 'disabled';
  return is_admin ? 'administrator' : 'user';
}

function paintState(text: string, { paint }: Screen, state = text): string {
  return state === 'disabled' ? paint.red(text) : paint.green(text);
}
