import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { checkedTrailers, passableHead, UnpassableError } from './check-message.js';
import { hasBody, pathOf, requestHeaders } from './forward-headers.js';
import type { IdleWatch } from './idle-watch.js';
import type { ForwarderLimits } from './limits.js';
import { PatientSocket } from './patient-socket.js';
import type { Upstream } from './upstream.js';

const SILENT = 'The release does not answer: it stopped or is restarting. Try again shortly.';
const UNPASSABLE = 'The release answered with something that cannot be passed on. Its project has to correct that.';
/** Interim answers (1xx) that a release may give before the real one. */
const MAX_INTERIM = 32;

export interface ExchangeDeps {
  readonly limits: ForwarderLimits;
  readonly watch: IdleWatch;
  /** Told why a request failed, other than by what the client sent. */
  report(reason: string, request: IncomingMessage): void;
}

export interface Asking {
  /** Whether a kept connection will do. */
  readonly reuseConnection: boolean;
  readonly extraHeaders?: readonly string[];
  /** What to do where a kept connection turns out to be closed. */
  readonly again?: (() => void) | undefined;
}

/**
 * One request, its answer, and the boundary of errors around both: whatever goes wrong fails this request alone. Before the
 * answer has begun it is answered with a sentence, afterwards the connection is cut.
 */
export class Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly #deps: ExchangeDeps;
  readonly #uploads: boolean;
  /** The client may be waiting for `100 Continue` before it sends its body. */
  #owesContinue: boolean;
  #forward: ClientRequest | undefined;
  #upgraded = false;
  readonly #whenDone = new Set<() => void>();

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, deps: ExchangeDeps, expectsContinue: boolean) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#deps = deps;
    this.#uploads = hasBody(incoming.rawHeaders);
    this.#owesContinue = expectsContinue && this.#uploads;
    deps.watch.add(this);
    outgoing.once('close', () => {
      if (!this.#upgraded) this.#done();
    });
    // An answer that waits behind another one is not told that the connection has gone.
    incoming.once('close', () => {
      if (incoming.socket.destroyed) this.#done();
    });
    outgoing.on('error', () => outgoing.destroy());
    if (this.#uploads) this.#answerBeforeUploadEnds();
  }

  /** Calls back once, when nothing of this request is in flight any more. */
  whenDone(callback: () => void): void {
    this.#whenDone.add(callback);
  }

  /** Does something for this request; what it throws fails the request. */
  attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof UnpassableError)
        this.fail(502, `the answer cannot be passed on: ${error.message}`, UNPASSABLE);
      else this.fail(502, `unexpected: ${(error as Error)?.stack ?? error}`);
    }
  }

  /** Answers with a sentence of our own. */
  refuse(status: number, sentence: string, keepAlive = true): void {
    const { outgoing } = this;
    if (outgoing.destroyed || outgoing.headersSent) return;
    if (this.#owesContinue || !keepAlive) outgoing.shouldKeepAlive = false;
    outgoing.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(`${sentence}\n`),
      ...(status >= 502 ? { 'retry-after': '1' } : {}),
    });
    outgoing.end(`${sentence}\n`);
  }

  /** Answers that others are to be answered first. A client that sent it ahead of earlier answers is cut off. */
  refuseAsOneTooMany(): void {
    if (this.outgoing.socket) this.refuse(503, 'Too many requests at once. Try again shortly.', false);
    else this.incoming.socket.destroy();
  }

  /** Ends this request as one that failed, with the reason for the log and a sentence for the client. */
  fail(status: number, reason: string, sentence = SILENT): void {
    const { incoming, outgoing } = this;
    this.#drop();
    if (outgoing.destroyed || outgoing.writableFinished) return;
    this.#deps.report(reason, incoming);
    if (outgoing.headersSent) outgoing.destroy();
    else this.refuse(status, sentence, false);
  }

  /**
   * Opens the request to a release; the caller sees to its answer, `sendBody` to the rest.
   * @throws where Node refuses to write such a request
   */
  ask(upstream: Upstream, { reuseConnection, extraHeaders = [], again }: Asking): ClientRequest {
    const { incoming, outgoing } = this;
    const { host, port } = upstream;
    const expect = this.#owesContinue ? ['Expect', '100-continue'] : [];
    const forward = request({
      host,
      port,
      method: incoming.method,
      path: pathOf(incoming.url ?? '', incoming.method, incoming.headers.host),
      headers: [...requestHeaders(incoming.rawHeaders, incoming.socket), ...extraHeaders, ...expect],
      maxHeaderSize: this.#deps.limits.maxHeadBytes,
      insecureHTTPParser: false,
      ...(reuseConnection ? { agent: upstream.agent } : { createConnection: () => PatientSocket.to({ host, port }) }),
    });
    this.#forward = forward;
    // Node would leave out those beyond 2000 without a word; their size is limited.
    forward.maxHeadersCount = 0;
    let interim = 0;
    forward.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM && this.#forward === forward) {
        this.fail(502, `more than ${MAX_INTERIM} interim answers`, UNPASSABLE);
      }
    });
    forward.on('error', (error: NodeJS.ErrnoException) => {
      // Of an answer that has begun, the answer tells.
      if (this.#forward !== forward || outgoing.headersSent) return;
      if (again && forward.reusedSocket) {
        this.#forward = undefined;
        this.attempt(again);
      } else {
        const malformed = error.code?.startsWith('HPE_');
        this.fail(502, `the release does not answer: ${error.message}`, malformed ? UNPASSABLE : SILENT);
      }
    });
    forward.once('close', () => {
      if (this.#forward === forward && !outgoing.headersSent) this.fail(502, 'the release closed without an answer');
    });
    return forward;
  }

  /** Passes the body on, with its trailers; without one, ends the request. */
  sendBody(forward: ClientRequest): void {
    const { incoming, outgoing } = this;
    if (!this.#uploads) {
      forward.end();
      return;
    }
    if (this.#owesContinue) {
      const goOn = () => {
        clearTimeout(timer);
        if (!this.#owesContinue || outgoing.headersSent || outgoing.destroyed) return;
        this.#owesContinue = false;
        outgoing.writeContinue();
      };
      const timer = setTimeout(goOn, this.#deps.limits.continueMs).unref();
      forward.once('continue', goOn);
      // A client that sends its body without having been asked to waits for nothing.
      incoming.once('data', () => {
        this.#owesContinue = false;
      });
    }
    incoming.pipe(forward, { end: false });
    incoming.once('end', () => {
      if (this.#forward !== forward) return;
      this.attempt(() => {
        const trailers = checkedTrailers(incoming.rawTrailers);
        if (trailers.length > 0) forward.addTrailers(trailers);
        forward.end();
      });
    });
    // A release may want to answer before the first byte of the body.
    forward.write('', 'latin1');
  }

  /**
   * Passes an answer on.
   * @throws {UnpassableError}
   */
  relay(answer: IncomingMessage): void {
    const { outgoing } = this;
    answer.once('error', () => {
      if (!outgoing.destroyed) this.#deps.report('the release broke off its answer', this.incoming);
    });
    if (answer.statusCode === 101) throw new UnpassableError('it switches protocols without having been asked to');
    const { status, reason, headers } = passableHead(answer, this.incoming);
    if (this.#owesContinue) outgoing.shouldKeepAlive = false;
    outgoing.writeHead(status, reason, headers);
    // Headers go out before the first byte of the body, so that event streams open at once. `flushHeaders` would write them
    // as UTF-8, which they are not.
    outgoing.write('', 'latin1');
    answer.once('end', () => {
      // With its answer the release is done: what is left of the upload has no reader.
      if (this.#uploads && this.#forward?.writableFinished === false) this.#drop();
      this.#forward = undefined;
      this.attempt(() => {
        const trailers = checkedTrailers(answer.rawTrailers);
        if (trailers.length > 0) outgoing.addTrailers(trailers);
      });
    });
    // A release that breaks off in the middle breaks the client's connection: a cut body must not look whole.
    pipeline(answer, outgoing, () => undefined);
  }

  /**
   * Passes on that the release switches protocols; what follows has no messages.
   * @throws {UnpassableError}
   */
  switchProtocols(answer: IncomingMessage, protocol: string): void {
    const { outgoing } = this;
    const { socket } = this.incoming;
    const { status, reason, headers } = passableHead(answer, this.incoming);
    outgoing.writeHead(status, reason, [...headers, 'Connection', 'Upgrade', 'Upgrade', protocol]);
    outgoing.flushHeaders();
    this.#upgraded = true;
    this.#forward = undefined;
    outgoing.detachSocket(socket);
    socket.once('close', () => this.#done());
  }

  /** Bytes that have moved on both sides. */
  bytes(): number {
    const release = this.#forward?.socket;
    const { bytesRead, bytesWritten } = this.incoming.socket;
    return bytesRead + bytesWritten + (release ? release.bytesRead + release.bytesWritten : 0);
  }

  /** For whom it waits, how long it does, and what is done then. */
  patience(): { ms: number; end: () => void } {
    const { incoming, outgoing } = this;
    const { limits } = this.#deps;
    if (this.#upgraded) return { ms: limits.upgradedIdleMs, end: () => incoming.socket.destroy() };
    if (outgoing.writableEnded || outgoing.writableNeedDrain) {
      return { ms: limits.unreadAnswerMs, end: () => this.fail(408, 'the client does not read its answer') };
    }
    const releaseReads = !this.#forward?.writableNeedDrain;
    if (this.#uploads && !incoming.complete && !outgoing.headersSent && releaseReads) {
      const sentence = `The request's body did not go on for ${limits.bodyIdleMs / 1000} s: send it again.`;
      const end = () => {
        outgoing.once('finish', () => incoming.socket.destroy());
        this.fail(408, 'the body does not go on', sentence);
      };
      return { ms: limits.bodyIdleMs, end };
    }
    const ms = Math.min(limits.releaseIdleMs, incoming.socket.readableEnded ? limits.halfClosedMs : Infinity);
    const sentence = `The release did nothing for ${ms / 1000} s.`;
    return { ms, end: () => this.fail(504, 'the release does nothing', sentence) };
  }

  #done(): void {
    this.#deps.watch.remove(this);
    // Where the client went away, the release need not go on.
    if (!this.outgoing.writableFinished) this.#drop();
    for (const callback of this.#whenDone) callback();
    this.#whenDone.clear();
  }

  /** Ends what is asked of the release. */
  #drop(): void {
    const forward = this.#forward;
    this.#forward = undefined;
    if (!forward) return;
    this.incoming.unpipe(forward);
    // An answer may come all the same, out of bytes that were read already.
    forward.removeAllListeners('response');
    forward.removeAllListeners('upgrade');
    forward.destroy();
    if (this.#uploads) this.incoming.resume();
  }

  /**
   * A client that still sends when its answer has gone out is read on for a while, without use. Otherwise the kernel would
   * answer its bytes with a reset, which can overtake the answer.
   */
  #answerBeforeUploadEnds(): void {
    const { incoming, outgoing } = this;
    const { socket } = incoming;
    // So Node closes a connection that is not kept.
    socket.destroySoon = () => {
      if (incoming.complete || incoming.destroyed) {
        Socket.prototype.destroySoon.call(socket);
        return;
      }
      socket.end();
      incoming.once('end', () => socket.destroy());
    };
    outgoing.once('finish', () => {
      if (incoming.complete) return;
      incoming.resume();
      const timer = setTimeout(() => socket.destroy(), this.#deps.limits.lingerMs).unref();
      incoming.once('close', () => clearTimeout(timer));
    });
  }
}
