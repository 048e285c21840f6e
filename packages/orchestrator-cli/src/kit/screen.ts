import type { ChalkInstance } from 'chalk';

/** Where text for people goes: how wide it is, and how to colour it. */
export interface Screen {
  /** Infinite where nobody reads it in a terminal: then nothing is cut. */
  columns: number;
  paint: ChalkInstance;
}

/** The screen behind a stream. Honours NO_COLOR and FORCE_COLOR. */
export async function openScreen(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Promise<Screen> {
  const { Chalk, default: chalk, supportsColor, supportsColorStderr } = await import('chalk');
  const support = stream === process.stderr ? supportsColorStderr : supportsColor;
  const level = env.NO_COLOR || env.TERM === 'dumb' || !support ? 0 : support.level;
  return {
    columns: stream.isTTY ? Math.max(40, stream.columns || 80) : Number.POSITIVE_INFINITY,
    paint: level === chalk.level ? chalk : new Chalk({ level }),
  };
}
