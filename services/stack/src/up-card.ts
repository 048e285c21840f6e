import { homeFolder } from '@codegen/sdk/files';

/** What a person has to know of a system that is up. */
interface UpFacts {
  apiUrl: string;
  dataDir: string;
  agent: string;
  /** How long it took. */
  seconds: number;
  /** Where the token is for whoever has another HOME; without it the command line was logged in to nothing. */
  tokenFile?: string;
  /** The profile that this system has. */
  profile?: string;
  /** The system that commands went to before, which still runs. */
  left?: { readonly name: string; readonly api_url: string };
}

/** What bin/up prints once the system is up; for a terminal of 60 columns, paths and addresses aside. */
export function upCard({ apiUrl, dataDir, agent, seconds, tokenFile, profile, left }: UpFacts): string {
  const home = homeFolder();
  const folder = home && dataDir.startsWith(`${home}/`) ? `~${dataDir.slice(home.length)}` : dataDir;
  const elsewhere =
    tokenFile &&
    `
  From another account, log in first:

    orchestrator auth login --token-stdin \\
      --api-url ${apiUrl} \\
      < ${quoted(tokenFile)}
`;
  const before =
    left &&
    `
  Commands went to ${left.api_url}, which still runs.
  They go to this system now, the profile ${profile}.
  For the other one, or to go back to it:

    bin/orchestrator --profile ${left.name} project list
    bin/orchestrator config set current_profile ${left.name}
`;
  return `
  Codegen orchestrator is up (${seconds.toFixed(1)} s)

    API     ${apiUrl}
    data    ${folder}
    log     ${folder}/logs/stack.log
    agent   ${agent === 'demo' ? 'demo (deterministic, not an AI)' : agent}
            agents run as this user: use ones that you trust

  Next, in another terminal:

    bin/orchestrator project create --name blog
    bin/orchestrator engineering start --project blog \\
      --spec "A tea blog" --wait
    bin/orchestrator deploy start --project blog --wait
${before ?? ''}${elsewhere ?? ''}
  Ctrl-C stops everything; work that is under way goes on
  at the next start.
`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
