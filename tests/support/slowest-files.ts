import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

const MOST = 10;

/** Prints the slowest files; their time includes imports and hooks. */
export default class SlowestFiles implements Reporter {
  #root = '';

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(files: readonly TestModule[]): void {
    const timed = files.map((file) => {
      const { collectDuration, duration } = file.diagnostic();
      return { path: relative(this.#root, file.moduleId), seconds: (collectDuration + duration) / 1000 };
    });
    timed.sort((a, b) => b.seconds - a.seconds);
    const lines = timed.slice(0, MOST).map(({ path, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${path}\n`);
    process.stdout.write(`the slowest files:\n${lines.join('')}\n`);
  }
}
