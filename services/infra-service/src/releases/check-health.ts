import { request } from 'node:http';

const BODY_LIMIT = 64 * 1024;

/** Undefined when GET /health answers 200 `{"status":"ok","release":"<sha>"}`, else what is wrong, for a person. */
export async function checkHealth(
  host: string,
  port: number,
  sha: string,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    const { status, body } = await get(host, port, timeoutMs);
    if (status !== 200) return `GET /health answered ${status}, not 200`;
    return judge(body, sha);
  } catch (error) {
    return failed(error);
  }
}

/** Undefined where GET /health is answered at all, with whatever, else why not, for a person. */
export async function checkAnswer(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  try {
    await get(host, port, timeoutMs);
    return undefined;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): string {
  return `GET /health failed: ${(error as Error).message || String(error)}`;
}

function judge(body: string, sha: string): string | undefined {
  let answer: { status?: unknown; release?: unknown } | null;
  try {
    answer = JSON.parse(body);
  } catch {
    return 'GET /health did not answer JSON';
  }
  if (answer?.status !== 'ok') return 'GET /health did not answer "status":"ok"';
  if (answer.release === sha) return undefined;
  return `GET /health did not answer "release":"${sha}": pass on the variable RELEASE as it is`;
}

function get(host: string, port: number, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    // A connection of its own: the release is asked as it is now.
    const outgoing = request({ host, port, path: '/health', agent: false, signal }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        body += text;
        if (body.length > BODY_LIMIT) answer.destroy(new Error('its answer is longer than 64 KiB'));
      });
      answer.on('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    // Without a listener Node would drop the connection and say nothing.
    outgoing.once('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      reject(new Error(`it answered ${statusCode} and switched to another protocol`));
    });
    outgoing.on('error', (error) => {
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    });
    outgoing.once('close', () => reject(new Error('the connection ended before its answer did')));
    outgoing.end();
  });
}
