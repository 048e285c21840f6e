import { pauseFor } from '../../engine/backoff.js';
import { cancelled, failed } from '../../engine/outcome.js';
import { cancelRequested, type FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { releaseAt } from './release-at.js';
import { type DeployStep, end } from './state.js';

/** Between two looks for a request to cancel. */
const CANCEL_POLL_MS = 2000;

/** Asks the URL itself: it must say that it runs the commit that was deployed. */
export function verifyStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'late',
    run: async ({ input, url, commit_sha, place }, { signal }) => {
      const health = new URL('health', `${url}/`).href;
      await progress(deps, input, 'verify', `asking ${health}`, { pct: 90, url });
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
      await progress(deps, input, 'verify', 'the URL does not run the release', {
        error: text,
        ...{ errorType: 'unverified', url, commit_sha },
      });
      return end(failed('unverified', text));
    },
  };
}
