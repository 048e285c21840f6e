import type { SentinelAddress } from 'ioredis';
import { OrchestratorError } from '../errors.js';

interface Credentials {
  username?: string;
  password?: string;
}

/** What a Redis URL names. */
export type RedisPlace =
  | { kind: 'server'; url: string }
  | ({ kind: 'sentinel'; sentinels: Partial<SentinelAddress>[]; name: string; db: number; tls?: object } & Credentials)
  | { kind: 'cluster'; nodes: { host: string; port: number }[]; node: Credentials & { tls?: object } };

const SEVERAL = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^@/]+)(?:\/([^/]*))?(?:\/(\d+))?\/?$/;
const DEFAULT_PORT = { sentinel: 26379, cluster: 6379 };

/** Reads a Redis URL. @throws {OrchestratorError} NOT_CONFIGURED where it is none; never with its password */
export function parseRedisUrl(url: string): RedisPlace {
  if (url.startsWith('/') || isServer(url)) return { kind: 'server', url };
  const match = SEVERAL.exec(url);
  const kind = match?.[2] as 'sentinel' | 'cluster' | undefined;
  const nodes = kind && match?.[4]?.split(',').map((text) => parseNode(text, DEFAULT_PORT[kind]));
  if (!kind || !nodes?.every((node) => node !== undefined)) throw invalid();
  const tls = match?.[1] === 'rediss' ? { tls: {} } : {};
  const credentials = parseCredentials(match?.[3]);
  if (kind === 'cluster') {
    if (match?.[5]) throw invalid();
    return { kind, nodes, node: { ...credentials, ...tls } };
  }
  if (!match?.[5]) throw invalid();
  return { kind, sentinels: nodes, name: decode(match[5]), db: Number(match[6] ?? 0), ...credentials, ...tls };
}

function isServer(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, pathname } = new URL(url);
  // A database that is no number would be taken for the first one.
  return protocol === 'unix:' || (/^rediss?:$/.test(protocol) && /^(\/\d*)?$/.test(pathname));
}

function parseNode(text: string, port: number): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text);
  return match?.[1] ? { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2] ?? port) } : undefined;
}

function parseCredentials(text = ''): Credentials {
  const [username = '', ...password] = text.split(':');
  return {
    ...(username && { username: decode(username) }),
    ...(password.length > 0 && { password: decode(password.join(':')) }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function invalid(): OrchestratorError {
  return new OrchestratorError(
    'NOT_CONFIGURED',
    // Written without user and password before a host: those are taken out of whatever is shown.
    'The Redis URL is not valid. Give redis://host:port[/db], the path of a socket, ' +
      'redis+sentinel://host:port,host:port/master[/db] or redis+cluster://host:port,host:port; ' +
      'user:password@ may stand before the first host.',
  );
}
