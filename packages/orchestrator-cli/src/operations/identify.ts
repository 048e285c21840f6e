import type { ApiKey, User } from '@codegen/contracts';
import type { Runtime } from '../kit/runtime.js';

/** Who the caller is to an API, and by which profile. Holds no secret. */
export interface Identity {
  profile: string;
  api_url: string;
  /** Whether a Redis URL is known too. */
  redis: boolean;
  user: Pick<User, 'id' | 'name' | 'is_admin'>;
  key: Pick<ApiKey, 'prefix' | 'role' | 'scopes' | 'expires_at'>;
}

/** Asks the API who a token belongs to. @throws OrchestratorError UNAUTHENTICATED, NETWORK, … */
export async function identify(
  settings: { profile: string; apiUrl: string; token: string; redisUrl?: string | undefined },
  { signal, onCall }: Pick<Runtime, 'signal' | 'onCall'>,
): Promise<Identity> {
  const { createApi } = await import('@codegen/sdk/api');
  const { profile, apiUrl, token, redisUrl } = settings;
  const { user, key } = await createApi({ apiUrl, token, retry: { attempts: 3 }, onCall }).whoami({ signal });
  return {
    profile,
    api_url: apiUrl,
    redis: redisUrl !== undefined,
    user: { id: user.id, name: user.name, is_admin: user.is_admin },
    key: { prefix: key.prefix, role: key.role, scopes: key.scopes, expires_at: key.expires_at },
  };
}
