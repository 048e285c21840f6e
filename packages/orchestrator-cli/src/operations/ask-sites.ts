import type { ServiceDeployment } from '@codegen/contracts';

/** How a deployed site answers. */
export interface AskedSite {
  project: string;
  url: string;
  ok: boolean;
  /** Such as "answers 503". */
  answer: string;
}

const AT_ONCE = 8;
const PATIENCE_S = 3;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/;

/** Whether an address means the same here as for the system: its own loopback is not that of another machine. */
export function isInReach(url: string, apiUrl: string): boolean {
  return !LOOPBACK.test(hostOf(url)) || LOOPBACK.test(hostOf(apiUrl));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** Asks each site once whether its release is well, a few at a time; in the order given. */
export async function askSites(sites: readonly ServiceDeployment[], signal: AbortSignal): Promise<AskedSite[]> {
  const asked: AskedSite[] = [];
  const waiting = [...sites.entries()];
  const askInTurn = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, { project_name, project_id, url }] = next;
      const status = await healthOf(url, signal);
      const answer = typeof status === 'number' ? `answers ${status}` : `does not answer (${status})`;
      asked[at] = { project: project_name ?? project_id, url, ok: status === 200, answer };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
  return asked;
}

/** The status that a site answers with, or why there is none. */
async function healthOf(url: string, signal: AbortSignal): Promise<number | string> {
  const tooLong = AbortSignal.timeout(PATIENCE_S * 1000);
  try {
    const either = AbortSignal.any([signal, tooLong]);
    const { status, body } = await fetch(new URL('/health', url), { signal: either, redirect: 'manual' });
    await body?.cancel();
    return status;
  } catch (error) {
    signal.throwIfAborted();
    if (tooLong.aborted) return `nothing within ${PATIENCE_S} s`;
    const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    return code ?? 'no connection';
  }
}
