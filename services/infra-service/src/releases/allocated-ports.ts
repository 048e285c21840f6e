import { type Forwarder, type ForwarderOptions, openForwarder } from '../forwarder/forwarder.js';

/** The forwarders of one project: one, and a second one while it moves to another port. */
export class AllocatedPorts {
  readonly #open = new Map<string, Promise<Forwarder>>();
  readonly #options: ForwarderOptions;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /**
   * The forwarder of an address, opened if it is not.
   * @throws {PortInUseError}
   */
  open(host: string, port: number): Promise<Forwarder> {
    const key = `${host}:${port}`;
    const known = this.#open.get(key);
    if (known) return known;
    const opening = openForwarder(host, port, this.#options);
    this.#open.set(key, opening);
    opening.catch(() => this.#open.delete(key));
    return opening;
  }

  /** Closes every forwarder but the one that is in use. */
  async closeAllBut(inUse: () => Forwarder | undefined, graceMs: number): Promise<void> {
    const closing = [...this.#open].map(async ([key, opening]) => {
      const forwarder = await opening.catch(() => undefined);
      if (!forwarder || forwarder === inUse()) return;
      this.#open.delete(key);
      await forwarder.close(graceMs);
    });
    await Promise.all(closing);
  }
}
