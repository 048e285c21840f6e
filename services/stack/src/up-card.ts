import { homeFolder } from '@codegen/sdk/files';

/** Facts about a running system for its user. */
interface UpFacts {
  apiUrl: string;
  dataDir: string;
  agent: string;
  /** Duration of the start. */
  seconds: number;
  /** File with the token for accounts with another HOME; missing without --login. */
  tokenFile?: string;
  /** The profile of this system. */
  profile?: string;
  /** The system that commands used before and that still runs. */
  left?: { readonly name: string; readonly api_url: string };
}

/** The text that bin/up prints once the system is up; fits 60 columns, except for paths and addresses. */
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
  Commands now use this system, the profile ${profile}.
  Before, they used ${left.api_url}; it still runs.
  To use that one, once or from now on:

    bin/orchestrator --profile ${left.name} project list
    bin/orchestrator config set current_profile ${left.name}
`;
  return `
  Codegen orchestrator is up (${seconds.toFixed(1)} s)

    API     ${apiUrl}
    data    ${folder}
    log     ${folder}/logs/stack.log
    agent   ${agent === 'demo' ? 'demo (deterministic, not an AI)' : agent}
            agents run as this user: use trusted ones

  Next, in another terminal:

    bin/orchestrator project create --name blog
    bin/orchestrator engineering start --project blog \\
      --spec "A tea blog" --wait
    bin/orchestrator deploy start --project blog --wait
${before ?? ''}${elsewhere ?? ''}
  Ctrl-C stops everything; work in progress continues
  at the next start.
`;
}

/** Quotes a path for a shell. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
