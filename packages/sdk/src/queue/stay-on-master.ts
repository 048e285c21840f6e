import type { AbstractConnector, Redis } from 'ioredis';
import { isDemoted } from './redis-errors.js';

/** Milliseconds between two looks at the server of a connection. */
const LOOK_EVERY_MS = 2000;
/** Milliseconds after which a connection counts as good: what ends it then is new. */
const SETTLED_MS = 1000;
/** Connections in a row on which a command is tried that a server refuses as none of its own. */
const TRIES = 3;

/** Connections that must be to the same server: those of commands, and of each reader beside them. */
const companies = new WeakMap<Redis, Set<StayOnMaster>>();

/**
 * Keeps a connection on a master, whichever its address leads to, and on the same one as the connections beside it.
 * A server that is or becomes a replica is left: at a reply that says so, when its role is looked at (reading tells
 * nothing), or before anything is sent to it. All connections of the company that are on it leave with the one that
 * noticed. Where two are on different masters, the older connection is made anew: the younger one knows the way.
 */
export class StayOnMaster {
  readonly #beside: Redis | undefined;
  #company = new Set<StayOnMaster>();
  #redis: Redis | undefined;
  /** The server's run, as it said before anything was sent; undefined where it may not be asked. */
  #run: string | undefined;
  #readyMs = 0;
  /** When the connection came about that refused last, and how many in a row did. */
  #refused = { readyMs: -1, inRow: 0 };
  #stuck = false;
  /** Whether the role may be asked for; an access list may forbid it, and would note each try. */
  #mayAsk = true;
  #redirectedMs = 0;

  /** `beside`: the connection of the commands, for one that reads with BLOCK. */
  constructor(beside?: Redis) {
    this.#beside = beside;
  }

  /** For the options of ioredis: 2 sends what was refused again, 1 leaves that to who sent it. */
  readonly reconnectOnError = (error: Error): false | 1 | 2 => {
    const demoted = isDemoted(error);
    const settled = performance.now() - this.#readyMs > SETTLED_MS;
    if (demoted === 'no' || (demoted === 'perhaps' && !settled)) return false;
    for (const other of this.#together()) if (other !== this) other.#leave();
    if (this.#refused.readyMs !== this.#readyMs) {
      this.#refused = { readyMs: this.#readyMs, inRow: settled ? 1 : this.#refused.inRow + 1 };
    }
    return demoted === 'yes' && this.#refused.inRow <= TRIES && !this.#beside ? 2 : 1;
  };

  /** Begins with the connection that was made with these options. */
  begin(redis: Redis): void {
    this.#redis = redis;
    this.#company = (this.#beside && companies.get(this.#beside)) ?? this.#company;
    this.#company.add(this);
    companies.set(redis, this.#company);
    const { connector } = redis as unknown as { connector: AbstractConnector };
    const check = connector.check.bind(connector);
    connector.check = (info: Record<string, string>) => check(info) && this.#accept(info);
    const looking = setInterval(() => this.#look(redis), LOOK_EVERY_MS).unref();
    // Each command that is refused ends the connection, and listens for its end.
    redis.on('connect', () => redis.stream.setMaxListeners(0));
    redis.on('ready', () => {
      this.#readyMs = performance.now();
      this.#bringTogether();
    });
    redis.on('end', () => {
      clearInterval(looking);
      this.#company.delete(this);
    });
  }

  /** Whether a server that has just been reached will do. */
  #accept({ role, run_id: run }: Record<string, string>): boolean {
    this.#run = run;
    if (role !== 'slave') return true;
    for (const other of this.#together()) if (other !== this) other.#leave();
    this.#redis?.emit('error', new Error('READONLY the address leads to a replica: it must lead to the master'));
    return false;
  }

  /** Every connection that is where this one is. */
  #together(): StayOnMaster[] {
    return [...this.#company].filter((other) => other.#run === this.#run);
  }

  #leave(): void {
    if (this.#redis?.status === 'ready') this.#redis.disconnect(true);
  }

  #look(redis: Redis): void {
    // A server that loads its data is asked again and again; the address may lead elsewhere meanwhile.
    const connecting = redis.status === 'connect';
    if (connecting && this.#stuck) redis.disconnect(true);
    this.#stuck = connecting;
    if (redis.status !== 'ready') return;
    this.#bringTogether();
    // A reader would answer only after its BLOCK; it is where the commands are.
    if (this.#beside || !this.#mayAsk) return;
    const run = this.#run;
    redis.role().then(
      ([role]) => {
        if (role === 'slave' && run === this.#run) for (const one of this.#together()) one.#leave();
      },
      (error: Error) => {
        if (error.message.startsWith('NOPERM')) this.#mayAsk = false;
      },
    );
  }

  /** Not more than once in five looks: a name that leads to two masters at once would keep everybody busy. */
  #bringTogether(): void {
    for (const other of this.#company) {
      if (other.#redis?.status !== 'ready' || other.#readyMs > this.#readyMs) continue;
      if (other.#run === undefined || this.#run === undefined || other.#run === this.#run) continue;
      if (performance.now() - other.#redirectedMs < 5 * LOOK_EVERY_MS) continue;
      other.#redirectedMs = performance.now();
      other.#leave();
    }
  }
}
