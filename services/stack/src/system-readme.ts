import { join } from 'node:path';
import { serviceNames, serviceScopes } from '@codegen/contracts';
import type { SystemPlan } from './config.js';

/** README.md of a system folder. */
export function systemReadme(plan: SystemPlan & { readonly port: number; readonly node: string }): string {
  const { dir, config, databaseUrl, redisUrl, host, user, release, port, node } = plan;
  const { from, to } = config.deployPorts;
  const blank = [
    ...(databaseUrl ? [] : ['`DATABASE_URL` in `env/api.env` and `env/langgraph.env` (PostgreSQL)']),
    ...(redisUrl ? [] : ['`REDIS_URL` in every file of `env` but `api.env`']),
  ];
  const main = (service: string) => join(release, 'services', service, 'dist', 'main.js');
  const lines = [
    '# A Codegen orchestrator',
    '',
    `Written by \`orchestrator system init\`, for the account ${user} and the programs in ${release}.`,
    `${join(release, 'docs', 'production.md')} explains how to run it: replicas, upgrades, backups, monitoring.`,
    '',
    ...(blank.length > 0 ? ['**Before the first start** fill in the blank addresses:', ''] : []),
    ...(blank.length > 0 ? [...blank.map((one) => `- ${one}`), ''] : []),
    '| | |',
    '|---|---|',
    '| `env/*.env` | the environment of each service, with its key for the API. Secret |',
    '| `keys/admin-token` | may do everything. Secret; log in with it once, then make a key for each person |',
    '| `keys/vault.key` | encrypts the secrets of projects. Without it they are lost: back it up, apart from the database |',
    "| `seed.json` | what the API creates at every start if missing: the services' keys, as hashes, and the server `local` |",
    '| `agents.json` | the commands of the agents; worker-manager reads it at its start |',
    '| `systemd/` | a unit for each service, and `codegen.target` for all of them |',
    `| ${config.dataDir.startsWith(`${dir}/`) ? `\`${config.dataDir.slice(dir.length + 1)}/\`` : config.dataDir} | repositories, workers, releases |`,
    '',
    `The API listens at http://127.0.0.1:${port}. Deployed projects are served at ${host}, ports ${from} to ${to}.`,
    `The agent is \`${config.agent}\`: DEVELOPER_AGENT_CONFIG in \`env/langgraph.env\` names it, \`agents.json\` has its command.`,
    '',
    '## Start',
    '',
    '```sh',
    `sudo cp -r ${join(dir, 'systemd')}/. /etc/systemd/system/`,
    'sudo systemctl daemon-reload',
    'sudo systemctl enable --now codegen.target',
    `orchestrator auth login --profile production --api-url http://127.0.0.1:${port} --token-stdin < ${join(dir, 'keys', 'admin-token')}`,
    'orchestrator diagnose',
    '```',
    '',
    'Without systemd, each service is one process; langgraph may run any number of times, each with its own INSTANCE:',
    '',
    '```sh',
    ...(['api', 'scheduler', 'scaffolder', 'worker-manager', 'infra-service'] as const).map(
      (service) => `${node} --env-file=${join(dir, 'env', `${service}.env`)} ${main(service)}`,
    ),
    ...['1', '2'].map(
      (n) => `INSTANCE=langgraph-${n} ${node} --env-file=${join(dir, 'env', 'langgraph.env')} ${main('langgraph')}`,
    ),
    '```',
    '',
    '## Renew a key',
    '',
    'Make a new key, write it into API_TOKEN of the environment file, restart the service, revoke the old key. A key ends with its',
    'user (`user disable`) and with the key that made it (`auth key revoke`), so neither should belong to a person: make it with',
    '`keys/admin-token`, as logged in above, for a user of the services, whose id is USER below. It needs exactly:',
    '',
    '```sh',
    'orchestrator user create services',
    ...serviceNames.map(
      (service) =>
        `orchestrator auth key create ${service} --user USER --role service --scopes ${serviceScopes[service].join(',')} --out ${service}.key`,
    ),
    '```',
  ];
  return `${lines.join('\n')}\n`;
}
