import { Socket, type TcpNetConnectOpts } from 'node:net';

/**
 * A connection to a release that may answer before it has read an upload, and close. Node's sockets end at the first write
 * that fails, and the answer, which the kernel has received by then, would be lost. This one drops what cannot be written
 * and ends where reading ends.
 */
export class PatientSocket extends Socket {
  #broken = false;

  static to(address: TcpNetConnectOpts): PatientSocket {
    const socket = new PatientSocket();
    socket.setNoDelay(true);
    socket.connect(address);
    return socket;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#broken) done();
    else super._write(chunk, encoding, this.#forgiving(done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    if (this.#broken) done();
    else super._writev?.(chunks, this.#forgiving(done));
  }

  #forgiving(done: (error?: Error | null) => void) {
    return (error?: Error | null) => {
      this.#broken ||= Boolean(error);
      done();
    };
  }
}
