import type { Settings } from '../config/settings.js';
import type { Runtime } from '../kit/runtime.js';
import type { KeyPermissions } from '../permissions.js';

/** Milliseconds that an API gets which may be away. */
const PATIENCE_MS = 2000;

/** What the token may do as the API knows it now; where that cannot be asked, as it was at the login. */
export async function askKey(
  { apiUrl, token, key }: Settings,
  { signal, onCall }: Pick<Runtime, 'signal' | 'onCall'>,
): Promise<KeyPermissions | undefined> {
  if (apiUrl === undefined || token === undefined) return key;
  const { createApi } = await import('@codegen/sdk/api');
  const api = createApi({ apiUrl, token, retry: { attempts: 1 }, timeoutMs: PATIENCE_MS, onCall });
  return await api.whoami({ signal }).then(
    ({ key: { scopes, role } }) => ({ scopes, isAdmin: role === 'admin' }),
    () => {
      signal.throwIfAborted();
      return key;
    },
  );
}
