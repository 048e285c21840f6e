/** What a worker needs to run. */
export interface WorkerSpec {
  readonly workerId: string;
  readonly workerType: 'developer' | 'po';
  readonly agent: {
    readonly name: string;
    readonly command: readonly string[];
    /** With every reference resolved: never to be logged or put into a command line. */
    readonly env: Readonly<Record<string, string>>;
    /** Names in `env` that hold secrets. */
    readonly secretNames: readonly string[];
  };
  readonly repo?: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
}

/** How to recognise a worker that was started, also after a restart of the manager. Stored as JSON. */
export type WorkerHandle = Readonly<Record<string, string | number>>;

/** Something in a worker's outbox: what it holds, or why that cannot be read. */
export type OutboxEntry = { readonly name: string } & ({ readonly content: string } | { readonly problem: string });

/**
 * Where workers run and their files are; nothing else of the manager touches either. Workers are known by their id alone,
 * so that what an earlier manager left can be ended. A path is relative to the worker's own root, such as `home/AGENTS.md`.
 */
export interface Runtime {
  /** Whether workers go on when their manager ends, and another manager that reaches them may look after them. */
  readonly outlivesManager: boolean;
  /**
   * Makes a place for a worker, with these files in it. Fine where there is one.
   * @throws {SystemFault} where the machine has no room for it
   */
  prepare(workerId: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Starts a worker that was prepared. @throws {Error} where that cannot be done; nothing of it runs then */
  start(spec: WorkerSpec, onExit: () => void): Promise<WorkerHandle>;
  isAlive(handle: WorkerHandle): Promise<boolean>;
  /** Ends a worker with everything it has started; resolves when nothing of it is left. Fine where nothing was. */
  end(workerId: string, handle?: WorkerHandle): Promise<void>;
  /** Keeps what a running worker writes within bounds. */
  tidy(workerId: string): Promise<void>;
  /** Writes a file, through no link. @throws {FileError} where something is in the way */
  writeFile(workerId: string, path: string, content: string): Promise<void>;
  /** What a worker that has ended could not deliver; its agent could write there too. */
  outbox(workerId: string): AsyncIterable<OutboxEntry>;
  emptyOutbox(workerId: string): Promise<void>;
  /** Removes the files of a worker that has ended. Fine where there are none. */
  remove(workerId: string): Promise<void>;
  /** Workers of which anything is there, running or not; of other managers, too, where these use the same place. */
  list(): Promise<string[]>;
}
