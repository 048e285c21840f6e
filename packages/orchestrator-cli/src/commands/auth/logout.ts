import { changeUserConfig, readUserConfig } from '@codegen/sdk/profiles';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { oneLine } from '../../kit/text.js';

/** What was forgotten. */
interface LoggedOut {
  profile: string;
  removed: boolean;
}

export default defineCommand({
  id: 'auth.logout',
  summary: "Forget a profile's token",
  effect: 'change',
  notInMcp: 'is about the configuration of this machine',
  description: 'The profile is removed from this machine. The key itself stays valid until it is revoked.',
  examples: ['orchestrator auth logout', 'orchestrator auth logout --profile ci'],

  async run(input, context): Promise<LoggedOut> {
    const { env } = context.runtime;
    const config = await readUserConfig(env);
    const profile = input.profile || env.ORCHESTRATOR_PROFILE || config.current_profile || DEFAULT_PROFILE;
    const removed = Object.hasOwn(config.profiles ?? {}, profile);
    if (removed) {
      await changeUserConfig(env, ({ profiles, current_profile, ...rest }) => {
        const { [profile]: _, ...kept } = profiles ?? {};
        const current = current_profile === profile ? Object.keys(kept)[0] : current_profile;
        return { ...rest, ...(current !== undefined && { current_profile: current }), profiles: kept };
      });
    }
    return { profile, removed };
  },

  render({ profile, removed }: LoggedOut, _screen: Screen): string {
    return removed ? `Logged out of ${oneLine(profile)}.` : `There was no profile ${oneLine(profile)} to log out of.`;
  },
});
