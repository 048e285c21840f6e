import type { Runtime } from './runtime.js';

/** Warnings for people, on standard error; they hold no secrets any more. */
export async function printWarnings(warnings: readonly string[], { output, env }: Runtime): Promise<void> {
  if (warnings.length === 0) return;
  const [{ openScreen }, { oneLine }] = await Promise.all([import('./screen.js'), import('./text.js')]);
  const { paint } = await openScreen(process.stderr, env);
  for (const warning of warnings) await output.err(`${paint.yellow('Warning:')} ${oneLine(warning)}\n`);
}
