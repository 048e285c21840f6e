import { z } from 'zod';

/** Flags that every command takes. */
export const globalInput = () =>
  z.object({
    json: z.boolean().optional().meta({ description: 'Print one JSON document (also ORCHESTRATOR_JSON=1)' }),
    profile: z.string().optional().meta({ description: 'Profile to use (ORCHESTRATOR_PROFILE)' }),
    api_url: z.string().optional().meta({ description: 'Address of the API (ORCHESTRATOR_API_URL)' }),
    no_input: z.boolean().optional().meta({ description: 'Never ask (ORCHESTRATOR_NO_INPUT)' }),
    quiet: z.boolean().optional().meta({ description: 'No progress, and no hints of what comes next' }),
    verbose: z.boolean().optional().meta({ description: 'Tell of every call (ORCHESTRATOR_DEBUG)' }),
  });

export type GlobalInput = z.infer<ReturnType<typeof globalInput>>;
