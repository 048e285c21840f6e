import { join } from 'node:path';
import { serviceNames } from '@codegen/contracts';
import { drainSeconds, type ProcessName } from './service-environments.js';

/** Settings of a system's units. */
export interface UnitSettings {
  /** The folder that `system init` writes. */
  readonly dir: string;
  readonly user: string;
  readonly node: string;
  /** The folder with the programs. */
  readonly release: string;
  readonly folders: Readonly<Record<'repos' | 'workers' | 'releases', string>>;
  readonly turnTimeoutSeconds: number;
}

/** The replicas of langgraph that the target starts. */
const langgraphs = ['1', '2'].map((instance) => `codegen-langgraph@${instance}.service`);

/** The folders that each service writes to. */
const WRITES: Record<ProcessName, readonly ('repos' | 'workers' | 'releases')[]> = {
  api: [],
  langgraph: [],
  scheduler: [],
  scaffolder: ['repos'],
  // An agent pushes its branch.
  'worker-manager': ['repos', 'workers'],
  'infra-service': ['releases'],
};

/** The systemd units of a system by file name: one for each service, and a target for all of them. */
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
  // The running turns, the end of the agents, and a reserve.
  return name === 'worker-manager' ? drainSeconds(turnTimeoutSeconds) + 60 : 60;
}

function serviceUnit(name: ProcessName, settings: UnitSettings): string {
  const { dir, user, node, release, folders, turnTimeoutSeconds } = settings;
  const isApi = name === 'api';
  // Agents and releases may use namespaces for their own sandboxes.
  const runsOthers = name === 'worker-manager' || name === 'infra-service';
  const lines = [
    '[Unit]',
    `Description=Codegen orchestrator: ${name}${name === 'langgraph' ? ' %i' : ''}`,
    `Documentation=file:${join(dir, 'README.md')}`,
    'Wants=network-online.target',
    `After=network-online.target postgresql.service redis-server.service${isApi ? '' : ' codegen-api.service'}`,
    // worker-manager stops first: it waits for turns, which need these services to end.
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
    '# A service exits with 0 after SIGTERM from any process, else with 1. Restart it after both, unless systemctl stopped it.',
    'Restart=always',
    'RestartSec=2',
    '# SIGTERM for the main process only, which ends its children; systemd kills the rest.',
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
