import { pauseFor } from '../backoff.js';
import { cancelled, cancelRequested, type FlowDeps, failed } from '../flow.js';
import { progress } from '../report.js';
import { type DeployNode, end } from './state.js';

/** Between two looks for a request to cancel. */
const CANCEL_POLL_MS = 2000;

/** Asks the URL itself: it must say that it runs the commit that was deployed. */
export function verifyStep(deps: FlowDeps): DeployNode {
  return async ({ input, url, commit_sha, place }, { signal }) => {
    const health = new URL('health', `${url}/`).href;
    await progress(deps, input, 'verify', `asking ${health}`, { pct: 90 });
    const deadline = performance.now() + deps.settings.verifyMs;
    let last = '';
    let lookAgain = performance.now() + CANCEL_POLL_MS;
    do {
      signal?.throwIfAborted();
      last = await releaseAt(health);
      if (last === `release ${commit_sha}`) {
        const result = { deployed_url: url, server_ip: place?.server_ip ?? null, port: place?.port ?? null };
        return end({ status: 'completed', reason: null, error: null, result });
      }
      if (performance.now() > lookAgain) {
        if (await cancelRequested(deps, input, signal)) return end(cancelled);
        lookAgain = performance.now() + CANCEL_POLL_MS;
      }
      await pauseFor(200, signal);
    } while (performance.now() < deadline);
    const text = `${health} does not answer with release ${commit_sha}; it says: ${last}`;
    await progress(deps, input, 'verify', 'the URL does not run the release', { error: text, errorType: 'unverified' });
    return end(failed('unverified', text));
  };
}

/** An answer to GET /health is one short line. */
const MOST_CHARACTERS = 64 * 1024;

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_CHARACTERS) throw new Error('its answer is longer than 64 KiB');
  }
  return text;
}

async function releaseAt(health: string): Promise<string> {
  try {
    const response = await fetch(health, { signal: AbortSignal.timeout(3000), redirect: 'manual' });
    const text = await textOf(response);
    if (response.status !== 200) return `HTTP ${response.status}`;
    const body = JSON.parse(text) as { release?: unknown } | null;
    return `release ${String(body?.release).slice(0, 200)}`;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error ? cause.message : String(error);
  }
}
