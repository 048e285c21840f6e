import { spawnSync } from 'node:child_process';

const isRoot = process.getuid?.() === 0;
const works = (...command: [string, ...string[]]) => spawnSync('unshare', command, { stdio: 'ignore' }).status === 0;

/** Whether this account may make namespaces of mounts, of the network and of users: not in an ordinary container. */
export const canUnshare = works(
  '--mount',
  '--net',
  ...(isRoot ? [] : ['--map-root-user']),
  'unshare',
  '--user',
  'true',
);

/** Whether it may mount where other processes see it. */
export const canMount = isRoot && works('--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt');
