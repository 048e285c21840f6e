import { join } from 'node:path';
import { serviceNames } from '@codegen/contracts';
import { drainSeconds, type ProcessName } from './service-environments.js';

/** What the units of a system are written from. */
export interface UnitSettings {
  /** The folder that `system init` writes. */
  readonly dir: string;
  readonly user: string;
  readonly node: string;
  /** The folder that the programs are in. */
  readonly release: string;
  readonly folders: Readonly<Record<'repos' | 'workers' | 'releases', string>>;
  readonly turnTimeoutSeconds: number;
}

/** The replicas that the target starts of what may run more than once. */
const langgraphs = ['1', '2'].map((instance) => `codegen-langgraph@${instance}.service`);

/** Which of the system's folders a service writes to. */
const WRITES: Record<ProcessName, readonly ('repos' | 'workers' | 'releases')[]> = {
  api: [],
  langgraph: [],
  scheduler: [],
  scaffolder: ['repos'],
  // An agent pushes its branch.
  'worker-manager': ['repos', 'workers'],
  'infra-service': ['releases'],
};

/** The systemd units of a system by their file names: one of each service, and a target for all of them. */
export function systemdUnits(settings: UnitSettings): Record<string, string> {
  const processes = ['api', ...serviceNames] as const;
  const units = processes.map((name) => [`${unitOf(name)}.service`, serviceUnit(name, settings)]);
  const wanted = processes.flatMap((name) => (name === 'langgraph' ? langgraphs : [`${unitOf(name)}.service`]));
  const target = [
    '[Unit]',
    'Description=Codegen orchestrator',
    ...wanted.map((unit) => `Wants=${unit}`),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return { ...Object.fromEntries(units), 'codegen.target': `${target.join('\n')}\n` };
}

function unitOf(name: ProcessName): string {
  return name === 'langgraph' ? 'codegen-langgraph@' : `codegen-${name}`;
}

/** Seconds that a service may take to stop. */
function stopSeconds(name: ProcessName, turnTimeoutSeconds: number): number {
  // The turns under way, the end of the agents, and a reserve.
  return name === 'worker-manager' ? drainSeconds(turnTimeoutSeconds) + 60 : 60;
}

function serviceUnit(name: ProcessName, settings: UnitSettings): string {
  const { dir, user, node, release, folders, turnTimeoutSeconds } = settings;
  const isApi = name === 'api';
  // Agents and releases are programs of others: they may use namespaces for sandboxes of their own.
  const runsOthers = name === 'worker-manager' || name === 'infra-service';
  const lines = [
    '[Unit]',
    `Description=Codegen orchestrator: ${name}${name === 'langgraph' ? ' %i' : ''}`,
    `Documentation=file:${join(dir, 'README.md')}`,
    'Wants=network-online.target',
    `After=network-online.target postgresql.service redis-server.service${isApi ? '' : ' codegen-api.service'}`,
    // Stopped before those who bring the tasks to an end that it waits for.
    ...(name === 'worker-manager' ? [`After=${langgraphs.join(' ')} codegen-scaffolder.service`] : []),
    'PartOf=codegen.target',
    '',
    '[Service]',
    'Type=exec',
    `User=${user}`,
    `EnvironmentFile=${join(dir, 'env', `${name}.env`)}`,
    ...(name === 'langgraph' ? ['Environment=INSTANCE=langgraph-%i'] : []),
    `ExecStart=${node} ${join(release, 'services', name, 'dist', 'main.js')}`,
    'WorkingDirectory=/',
    '# 0 follows SIGTERM alone, whoever sent it; anything else that ends a service is 1. Both are started again, but for a stop by systemctl.',
    'Restart=always',
    'RestartSec=2',
    '# For the process alone, which ends what it has started; what is left after that is killed.',
    'KillMode=mixed',
    `TimeoutStopSec=${stopSeconds(name, turnTimeoutSeconds)}`,
    'LimitNOFILE=65536',
    'UMask=0077',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'ProtectSystem=strict',
    'ProtectHome=read-only',
    ...WRITES[name].map((folder) => `ReadWritePaths=${folders[folder]}`),
    `InaccessiblePaths=${join(dir, 'env')}`,
    ...(isApi ? [] : [`InaccessiblePaths=${join(dir, 'keys')}`]),
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'LockPersonality=yes',
    ...(runsOthers ? [] : ['RestrictNamespaces=yes']),
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'SystemCallArchitectures=native',
  ];
  return `${lines.join('\n')}\n`;
}
