import { mostOpenFiles } from '@codegen/sdk/processes';

/** Places that many share, and nobody can take all of: whoever holds fewer than are free gets one more. */
export class FairShares {
  readonly #held = new Map<string, number>();
  #used = 0;

  /** `within` takes a place of something larger, for each that is taken here. */
  constructor(
    readonly places: number,
    readonly within: () => (() => void) | undefined = () => () => undefined,
  ) {}

  /** A place, which the returned call gives back, however often it is made; undefined where this one has its share. */
  take(who: string): (() => void) | undefined {
    const held = this.#held.get(who) ?? 0;
    const giveBack = held < this.places - this.#used ? this.within() : undefined;
    if (!giveBack) return undefined;
    this.#held.set(who, held + 1);
    this.#used += 1;
    let back = false;
    return () => {
      if (back) return;
      back = true;
      giveBack();
      this.#used -= 1;
      const left = (this.#held.get(who) ?? 0) - 1;
      if (left > 0) this.#held.set(who, left);
      else this.#held.delete(who);
    };
  }
}

/** What forwarders share: connections of clients, and requests in flight, each of which has a connection to a release. */
export interface ForwarderShares {
  readonly connections: FairShares;
  readonly requests: FairShares;
}

/** For releases' output, Redis, the API, files. */
const KEPT_FILES = 256;

/** Among the forwarders of this process: as many as it may have open files. */
export function sharesOfThisProcess(): ForwarderShares {
  const places = Math.max(16, Math.floor((mostOpenFiles() - KEPT_FILES) / 2));
  return { connections: new FairShares(places), requests: new FairShares(places) };
}
