import { changeUserConfig, readUserConfig } from '@codegen/sdk/profiles';
import { BaseCommand } from '../../base-command.js';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import type { Screen } from '../../render/screen.js';
import { oneLine } from '../../render/text.js';

/** What was forgotten. */
interface LoggedOut {
  profile: string;
  removed: boolean;
}

/** Forgets a profile's token. */
export default class AuthLogout extends BaseCommand<LoggedOut> {
  static override description =
    'The profile is removed from this machine. The key itself stays valid until it is revoked.';
  static override examples = ['orchestrator auth logout', 'orchestrator auth logout --profile ci'];

  async run(): Promise<LoggedOut> {
    const { flags } = await this.parse(AuthLogout);
    const { env } = this.runtime;
    const config = await readUserConfig(env);
    const profile = flags.profile || env.ORCHESTRATOR_PROFILE || config.current_profile || DEFAULT_PROFILE;
    const removed = Object.hasOwn(config.profiles ?? {}, profile);
    if (removed) {
      await changeUserConfig(env, ({ profiles, current_profile, ...rest }) => {
        const { [profile]: _, ...kept } = profiles ?? {};
        const current = current_profile === profile ? Object.keys(kept)[0] : current_profile;
        return { ...rest, ...(current !== undefined && { current_profile: current }), profiles: kept };
      });
    }
    return { profile, removed };
  }

  render({ profile, removed }: LoggedOut, _screen: Screen): string {
    return removed ? `Logged out of ${oneLine(profile)}.` : `There was no profile ${oneLine(profile)} to log out of.`;
  }
}
