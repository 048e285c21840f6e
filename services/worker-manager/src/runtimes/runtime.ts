/** What a worker needs to run. */
export interface WorkerSpec {
  readonly workerId: string;
  readonly workerType: 'developer' | 'po';
  /** The worker's own folder, which is there. */
  readonly folder: string;
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

/** Where workers run. Workers are known by their id alone, so that what an earlier manager left can be ended. */
export interface Runtime {
  /** Starts a worker. @throws {Error} where that cannot be done; nothing of it runs then */
  start(spec: WorkerSpec, onExit: () => void): Promise<WorkerHandle>;
  isAlive(handle: WorkerHandle): Promise<boolean>;
  /** Ends a worker with everything it has started; resolves when nothing of it is left. Fine where nothing was. */
  end(workerId: string, handle?: WorkerHandle): Promise<void>;
  /** Keeps what a running worker writes within bounds. */
  tidy(workerId: string, folder: string): Promise<void>;
}
