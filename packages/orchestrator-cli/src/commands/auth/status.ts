import { OrchestratorError } from '@codegen/sdk/errors';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { type Identity, identify } from '../../operations/identify.js';
import { renderIdentity } from '../../render/identity.js';

export default defineCommand({
  id: 'auth.status',
  summary: 'Show who you are to the API',
  effect: 'read',
  examples: ['orchestrator auth status', 'orchestrator auth status --profile ci --json'],
  failsWith: ['UNAUTHENTICATED', 'NETWORK'],

  async run(_input, context): Promise<Identity> {
    const { profile, apiUrl, token, redisUrl } = await context.settings();
    if (apiUrl === undefined || token === undefined) throw new OrchestratorError('NOT_CONFIGURED', 'not logged in');
    return await identify({ profile, apiUrl, token, redisUrl }, context.runtime);
  },

  render(identity: Identity, screen: Screen): string {
    return renderIdentity(identity, screen);
  },
});
