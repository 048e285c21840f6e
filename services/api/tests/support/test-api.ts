import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CreateApiKey, CreatedApiKey, CreatedTask, Project, Task, User } from '@codegen/contracts';
import pg from 'pg';
import { createDatabase } from '../../../../tests/support/postgres.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { makeApiKeySecret } from '../../src/auth.js';
import { userCacheFolder } from '../../src/config.js';
import { openPglite } from '../../src/database/open-pglite.js';
import type { DatabasePool } from '../../src/database/pglite-pool.js';
import type { Limits } from '../../src/limits.js';
import type { Logger } from '../../src/logger.js';
import type { Seed } from '../../src/seed.js';
import { type RunningApi, startApi } from '../../src/start-api.js';

export type Backend = 'PGlite' | 'PostgreSQL';

/** A database that several APIs may be started on, and a way around them to look at it. */
export interface TestDatabase {
  readonly pool: DatabasePool;
  sql<T = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** A real database of its own: embedded in a new folder, or in the run's PostgreSQL cluster. */
export async function openTestDatabase(backend: Backend): Promise<TestDatabase> {
  if (backend === 'PGlite') {
    const folder = await tempFolder('codegen-pglite');
    const { pool, close } = await openPglite(join(folder.path, 'db'), { cacheFolder: userCacheFolder(process.env) });
    return withSql(pool, async () => {
      await close();
      await folder.remove();
    });
  }
  const { url, drop } = await createDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  pool.on('error', () => undefined);
  return withSql(pool, async () => {
    await pool.end();
    await drop();
  });
}

function withSql(pool: DatabasePool, close: () => Promise<void>): TestDatabase {
  return {
    pool,
    close,
    sql: async <T>(text: string, values?: unknown[]) => (await pool.query(text, values)).rows as T[],
  };
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly key?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
}

/** Speaks to an API with one key. */
export class Client {
  constructor(
    readonly url: string,
    readonly token: string | undefined,
    readonly userId = '',
  ) {}

  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  async call<T = any>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(options.key !== undefined && { 'idempotency-key': options.key }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(options.signal && { signal: options.signal }),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : undefined) as T, headers: response.headers };
  }

  /** The body of a call that must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  async ok<T = any>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const answer = await this.call<T>(method, path, body, options);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** The code and status of a call that must be refused. */
  async refused(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<string> {
    const { status, body: problem, headers } = await this.call(method, path, body, options);
    if (!headers.get('content-type')?.startsWith('application/problem+json')) {
      throw new Error(`${method} ${path}: ${status} is no problem document: ${JSON.stringify(problem)}`);
    }
    if (problem.request_id !== headers.get('x-request-id')) throw new Error('the problem lacks its request id');
    return `${status} ${problem.code}`;
  }

  createProject(name = uniqueName()): Promise<Project> {
    return this.ok('POST', '/projects', { name });
  }

  startEngineering(project: string, spec = 'Make it so.'): Promise<CreatedTask> {
    return this.ok('POST', '/tasks', { project, type: 'engineering', spec });
  }

  claim({ task, message }: CreatedTask): Promise<{ outcome: string; task: Task }> {
    return this.ok('POST', `/tasks/${task.id}/claim`, { request_id: message.request_id });
  }

  finish({ task }: { task: Task }, status = 'completed', epoch = 1): Promise<{ changed: boolean; task: Task }> {
    return this.ok('POST', `/tasks/${task.id}/transition`, { epoch, status });
  }
}

export interface TestApi extends RunningApi {
  readonly admin: Client;
  /** A new user with a key; a service's key by default sees all and may do all. */
  user(key?: Partial<CreateApiKey>, user?: { telegram_id?: number }): Promise<Client>;
  service(scopes?: string[]): Promise<Client>;
}

export const masterKey = randomBytes(32);

/** The API on a test's database. */
export async function startTestApi(
  database: TestDatabase,
  options: { adminToken?: string; logger?: Logger; masterKey?: Buffer; limits?: Limits; seed?: Seed } = {},
): Promise<TestApi> {
  const adminToken = options.adminToken ?? makeApiKeySecret();
  const api = await startApi({
    ...{ host: '127.0.0.1', port: 0, database: { pool: database.pool }, masterKey, adminToken },
    ...options,
  });
  const admin = new Client(api.url, adminToken);
  const user: TestApi['user'] = async (key = {}, profile = {}) => {
    const { id } = await admin.ok<User>('POST', '/users', { name: 'someone', ...profile });
    const created = await admin.ok<CreatedApiKey>('POST', '/api-keys', { name: 'test', user_id: id, ...key });
    return new Client(api.url, created.secret, id);
  };
  return { ...api, admin, user, service: (scopes = ['*']) => user({ role: 'service', scopes }) };
}

let names = 0;

/** A project name that no other test of the file uses. */
export function uniqueName(): string {
  names += 1;
  return `shop-${names}`;
}
