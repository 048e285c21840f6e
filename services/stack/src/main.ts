import { fileURLToPath } from 'node:url';
import { exitProcess, onEndSignals } from '@codegen/sdk/processes';
import { FRUGAL_NODE, SupervisedProcess } from './supervised-process.js';
import { tellParent } from './tell-parent.js';

// Runs serve.js and starts it again when it ends by an error; small, so that it costs little and has little to break.
// starting → up → (an end) → waiting → starting …; a signal, or a failed first start → ended.
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

// Whoever read what this prints may be gone; the system goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

let wasUp = false;
let told: Promise<unknown> = Promise.resolve();
const system = new SupervisedProcess({
  argv: [...FRUGAL_NODE, fileURLToPath(new URL('serve.js', import.meta.url)), ...process.argv.slice(2)],
  // A session of its own: Ctrl-C reaches this process, which passes it on once.
  options: { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true },
  deathSignal: 'SIGKILL',
  ready: (child) =>
    new Promise((resolve) => {
      child.on('message', (news: object) => {
        // It passes on whether the system is up.
        if (!wasUp) told = tellParent(news);
        if (!('ready' in news)) return;
        wasUp = true;
        resolve(undefined);
      });
    }),
  onEnd: (how, nextTryMs) => {
    const when = nextTryMs < 1000 ? 'now' : `in ${Math.round(nextTryMs / 1000)} s`;
    process.stderr.write(`The system ended (${how}). It is started again ${when}; what was under way goes on then.\n`);
  },
  onTold: (what) => process.stderr.write(`The system ${what}.\n`),
  // Only this process is asked to stop the system. A signal to the other one, from a project's program say, is no request.
  isLast: () => !wasUp,
});

let asked: keyof typeof SIGNAL_CODES | undefined;
onEndSignals(['SIGHUP', 'SIGINT', 'SIGTERM'], (signal) => {
  if (asked) system.signal(signal);
  else system.stop(undefined, signal);
  asked ??= signal;
});

const { code } = await system.ended;
await told;
exitProcess(code ?? (asked ? SIGNAL_CODES[asked] : 1));
