import type { AgentAdapter, AgentReader, AgentReport } from './agent.js';
import { ResultBlockReader } from './result-block.js';

/**
 * Any command: the prompt goes to stdin, lines on stdout are progress, a result block is its result. Without a block the
 * exit code decides.
 */
export function customAgent(command: readonly string[]): AgentAdapter {
  return { command: () => command, env: () => ({}), reader: () => new CustomReader() };
}

class CustomReader implements AgentReader {
  readonly #blocks = new ResultBlockReader();
  #lastLine = '';

  get finished(): boolean {
    return this.#blocks.block !== undefined;
  }

  line(text: string): string | undefined {
    const outside = this.#blocks.line(text).trim();
    if (outside) this.#lastLine = outside;
    return outside || undefined;
  }

  report(): AgentReport {
    const { block } = this.#blocks;
    return block
      ? { ended: true, status: block.status, summary: block.summary }
      : { ended: true, summary: this.#lastLine };
  }
}
