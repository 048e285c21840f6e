/** How long and how much a forwarder bears. Times count silence, not the whole: what goes on may take as long as it likes. */
export interface ForwarderLimits {
  /** For the head of a request, and for a new connection to send one: 408. */
  readonly headMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveMs: number;
  /** A client's body that does not go on: 408. */
  readonly bodyIdleMs: number;
  /** A client that does not read its answer: cut. */
  readonly unreadAnswerMs: number;
  /** A release that does not go on: 504, or a cut answer. */
  readonly releaseIdleMs: number;
  /** The same for a client that sends no more: most of them have gone, though a few still want their answer. */
  readonly halfClosedMs: number;
  /** An upgraded connection without a byte either way: cut. */
  readonly upgradedIdleMs: number;
  /** In all, for the rest of an upload that was answered already; it is read so that the client gets its answer. */
  readonly lingerMs: number;
  /** For a release to answer `Expect: 100-continue`, before the forwarder does. */
  readonly continueMs: number;
  /** Open connections of clients, and requests in flight; a single client has half of them at most. */
  readonly maxConnections: number;
  /** Of a request's head, or of an answer's. */
  readonly maxHeadBytes: number;
  /** Headers of a request. */
  readonly maxHeaders: number;
}

export const defaultLimits: ForwarderLimits = {
  headMs: 30_000,
  keepAliveMs: 65_000,
  bodyIdleMs: 60_000,
  unreadAnswerMs: 5 * 60_000,
  releaseIdleMs: 15 * 60_000,
  halfClosedMs: 10_000,
  upgradedIdleMs: 4 * 3_600_000,
  lingerMs: 60_000,
  continueMs: 1000,
  maxConnections: 1024,
  maxHeadBytes: 16 * 1024,
  maxHeaders: 200,
};
