import { connect } from 'node:net';

/** Watches every XADD that a Redis server executes, scripts' included, over a connection of its own in MONITOR mode. */
export async function watchStreams(
  url: string,
): Promise<{ entries: { stream: string; data: string }[]; streams(): Set<string>; stop(): void }> {
  const { hostname, port, password } = new URL(url);
  const entries: { stream: string; data: string }[] = [];
  const socket = connect(Number(port), hostname);
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    // Later errors are the server's end, which tests bring about.
    socket.on('error', reject);
    socket.on('connect', () => socket.write(`${password ? `AUTH ${password}\r\n` : ''}MONITOR\r\n`));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('-')) reject(new Error(line));
        if (!/^\+\d/.test(line)) continue;
        const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] as string);
        if (words[0]?.toLowerCase() === 'xadd')
          entries.push({ stream: words[1] as string, data: words.slice(2).join(' ') });
      }
      if (lines.filter((line) => line === '+OK').length > 0) resolve();
    });
  });
  return {
    entries,
    streams: () => new Set(entries.map((entry) => entry.stream)),
    stop: () => socket.destroy(),
  };
}
