import { EventEmitter } from 'node:events';
import { type PGlite, protocol } from '@electric-sql/pglite';
import pg from 'pg';

/** What api and LangGraph's PostgresSaver need of a `pg.Pool`. */
export type DatabasePool = Pick<pg.Pool, 'connect' | 'query' | 'end' | 'on'>;

/** A checked-out client may wait this long for the one before it, as with pg's connectionTimeoutMillis. */
const ACQUIRE_TIMEOUT_MS = 30_000;

type Query = string | { text: string; values?: unknown[]; rowMode?: 'array'; types?: typeof pg.types };
type AnyResult = pg.QueryResult | pg.QueryResult[];

/** pg's own result object: it parses rows with pg's type parsers, so both databases give the same values. */
interface RowReader extends pg.QueryResult {
  addFields(fields: pg.FieldDef[]): void;
  parseRow(values: (string | null)[]): pg.QueryResultRow;
  addRow(row: pg.QueryResultRow): void;
  addCommandComplete(message: { text: string }): void;
}
const Result = pg.Result as unknown as new (rowMode: string, types: typeof pg.types) => RowReader;
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): string | Buffer | null } }).utils;

interface BackendMessage {
  name: string;
  text?: string;
  status?: string;
  fields?: RawField[] | (string | null)[];
}

/** A field as the protocol has it: 0 is text, 1 is binary. */
type RawField = Omit<pg.FieldDef, 'format'> & { format: number };

/**
 * A `pg.Pool` look-alike over one in-process PGlite: same parameters, same rows, same errors.
 * PGlite has one session, so clients take turns in the order they asked. A client that is released inside an open
 * transaction is rolled back. Asking for a client while holding one waits for oneself: that fails after 30 s.
 */
export class PglitePool extends EventEmitter {
  readonly #waiting: ((client: PgliteClient) => void)[] = [];
  readonly #database: PGlite;
  readonly #acquireTimeoutMs: number;
  #busy = false;
  #ending: Promise<void> | undefined;

  constructor(database: PGlite, options: { acquireTimeoutMs?: number } = {}) {
    super();
    this.#database = database;
    this.#acquireTimeoutMs = options.acquireTimeoutMs ?? ACQUIRE_TIMEOUT_MS;
  }

  get totalCount(): number {
    return 1;
  }

  get idleCount(): number {
    return this.#busy ? 0 : 1;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** The session, once everyone who asked earlier has released it. */
  async connect(): Promise<PgliteClient> {
    if (this.#ending) throw new Error('Cannot use a pool after calling end on the pool');
    if (!this.#busy) {
      this.#busy = true;
      return this.#newClient();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new Error('timeout exceeded when trying to connect: the embedded database has one session, in use'));
      }, this.#acquireTimeoutMs);
      const take = (client: PgliteClient) => {
        clearTimeout(timer);
        resolve(client);
      };
      this.#waiting.push(take);
    });
  }

  async query(query: Query, values?: unknown[]): Promise<AnyResult> {
    const client = await this.connect();
    try {
      return await client.query(query, values);
    } finally {
      client.release();
    }
  }

  /** Waits for whoever holds the session or queues for it, then closes the database. */
  end(): Promise<void> {
    this.#ending ??= (async () => {
      if (this.#busy) {
        const last = await new Promise<PgliteClient>((resolve) => this.#waiting.push(resolve));
        void last;
      }
      await this.#database.close();
    })();
    return this.#ending;
  }

  #newClient(): PgliteClient {
    return new PgliteClient(this.#database, () => {
      const next = this.#waiting.shift();
      if (next) next(this.#newClient());
      else this.#busy = false;
    });
  }
}

/** The session while one caller holds it. */
export class PgliteClient extends EventEmitter {
  readonly #database: PGlite;
  readonly #onReleased: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #status = 'I';
  #released = false;

  constructor(database: PGlite, onReleased: () => void) {
    super();
    this.#database = database;
    this.#onReleased = onReleased;
  }

  /** Runs after the queries that were asked before it. Without values a text may hold several statements. */
  query(query: Query, values?: readonly unknown[]): Promise<AnyResult> {
    if (this.#released) return Promise.reject(new Error('Client was released: take another from the pool'));
    const config = typeof query === 'string' ? { text: query } : query;
    return this.#enqueue(() => this.#run(config, values ?? config.values ?? []));
  }

  getTransactionStatus(): string {
    return this.#status;
  }

  /** Gives the session back; an open transaction is rolled back first. */
  release(_error?: Error | boolean): void {
    if (this.#released) throw new Error('Release called on client which has already been released to the pool.');
    this.#released = true;
    const clean = this.#enqueue(async () => {
      if (this.#status !== 'I') await this.#run({ text: 'rollback' }, []);
    });
    void clean.then(this.#onReleased, this.#onReleased);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run(config: Exclude<Query, string>, values: readonly unknown[]): Promise<AnyResult> {
    const { serialize } = protocol;
    const message =
      values.length === 0
        ? serialize.query(config.text)
        : join(
            serialize.parse({ text: config.text }),
            serialize.bind({ values: values.map(prepareValue) }),
            serialize.describe({ type: 'P', name: '' }),
            serialize.execute({}),
            serialize.sync(),
          );
    const { messages } = await this.#database
      .execProtocol(message, { throwOnError: false })
      .catch((error: unknown) => endWhereBroken(error));
    return this.#read(messages as unknown as BackendMessage[], config);
  }

  #read(messages: readonly BackendMessage[], config: Exclude<Query, string>): AnyResult {
    const make = () => new Result(config.rowMode ?? 'object', config.types ?? pg.types);
    const results: RowReader[] = [];
    let current = make();
    let failure: Error | undefined;
    for (const message of messages) {
      if (message.name === 'rowDescription') current.addFields(toFields(message.fields as RawField[]));
      else if (message.name === 'dataRow') current.addRow(current.parseRow(message.fields as (string | null)[]));
      else if (message.name === 'commandComplete' || message.name === 'emptyQuery') {
        if (message.text) current.addCommandComplete({ text: message.text });
        results.push(current);
        current = make();
      } else if (message.name === 'error') failure ??= toDatabaseError(message as unknown as Error);
      else if (message.name === 'readyForQuery') this.#status = message.status ?? 'I';
    }
    if (failure) throw failure;
    const [only, ...more] = results;
    return more.length > 0 || !only ? results : only;
  }
}

function toFields(fields: readonly RawField[]): pg.FieldDef[] {
  return fields.map((field) => ({ ...field, format: field.format === 0 ? 'text' : 'binary' }));
}

/** WebAssembly's own error, and that of a program which has ended. */
const BROKEN = new Set(['RuntimeError', 'ExitStatus']);

/**
 * What traps in WebAssembly, or ends there, has left its memory as it was: every later answer would be a guess. Thrown where
 * nobody catches, so that the process ends and is started again; what was acknowledged is on disk.
 */
function endWhereBroken(error: unknown): never {
  if (BROKEN.has(String((error as Error | null)?.name))) {
    setImmediate(() => {
      throw new Error(`the embedded database broke: ${(error as Error).message}`, { cause: error });
    });
  }
  throw error;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** The error as pg throws it, with code, constraint and the rest. */
function toDatabaseError(error: Error & { length?: number }): Error {
  const { message, name: _name, stack: _stack, ...fields } = error;
  return Object.assign(new pg.DatabaseError(error.message, error.length ?? 0, 'error'), fields, { message });
}
