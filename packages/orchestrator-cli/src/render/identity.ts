import type { Screen } from '../kit/screen.js';
import { renderPairs } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import type { Identity } from '../operations/identify.js';

/** Who the caller is. */
export function renderIdentity({ profile, api_url, redis, user, key }: Identity, screen: Screen): string {
  const heading = `${screen.paint.green('Logged in')} to ${screen.paint.bold(oneLine(api_url))}`;
  const pairs = renderPairs(
    [
      ['profile', profile],
      ['user', oneLine(user.name ?? user.id)],
      ['key', `${oneLine(key.prefix)}… (${key.role}; ${key.scopes.map(oneLine).join(', ')})`],
      ['expires', key.expires_at ?? undefined],
      ['redis', redis ? 'configured' : 'not configured: tasks start about a second later'],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}
