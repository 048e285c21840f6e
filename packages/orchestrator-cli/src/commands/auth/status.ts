import { OrchestratorError } from '@codegen/sdk/errors';
import { BaseCommand } from '../../base-command.js';
import { type Identity, identify } from '../../operations/identify.js';
import { renderIdentity } from '../../render/identity.js';
import type { Screen } from '../../render/screen.js';

/** Shows who you are to the API. */
export default class AuthStatus extends BaseCommand<Identity> {
  static override examples = ['orchestrator auth status', 'orchestrator auth status --profile ci --json'];
  static override failsWith = ['UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Identity> {
    const { flags } = await this.parse(AuthStatus);
    const { profile, apiUrl, token, redisUrl } = await this.settings(flags);
    if (apiUrl === undefined || token === undefined) throw new OrchestratorError('NOT_CONFIGURED', 'not logged in');
    return await identify({ profile, apiUrl, token, redisUrl }, this.runtime);
  }

  render(identity: Identity, screen: Screen): string {
    return renderIdentity(identity, screen);
  }
}
