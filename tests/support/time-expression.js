// Times regular expressions on texts of one length, in a thread that can be terminated.
import { parentPort, workerData } from 'node:worker_threads';

const { expressions, length, tooSlowMs } = workerData;

/** Parts that outside texts repeat: words, spaces, line ends, parts of URLs, JSON, markup and terminal sequences. */
const UNITS = ['a', '0', 'f', ' ', '\n', '\t', '\r\n', 'a:', '://', 'a://', 'a://a:', '<result>', '"', '\\', '\\"', "'"]
  .concat(['[', '{"a":', '(', '-', '_', '.', '/', '@', '#', '=', ',', ';', '%41', 'é', '😀', '\ud800', '\0'])
  .concat(['\u001b[', '\u001b', '\u001b]', 'a.', 'a-', 'a b ', '1.', 'a=', '--a=', '"\'']);

/** Texts that make a faulty expression slow: these parts, and its own words, repeated, with an end that does not match. */
function shapesFor(source) {
  const words = [...new Set(source.match(/[\w@:/"'#-]+/g)?.map((word) => word.slice(0, 12)))];
  const own = words.flatMap((word) => [word, `${word}a`, `${word} `, `${word}\n`, `${word}1`]);
  const repeat = (unit) => unit.repeat(Math.ceil(length / unit.length));
  const repeated = [...UNITS, ...own].map(repeat);
  const led = [...words, '"', "'", '<', '{', '://'].flatMap((word) =>
    ['a', ' ', '0', '\\', 'a '].map((unit) => word + repeat(unit)),
  );
  return [...repeated, ...led].flatMap((text) => [text, `${text}\u0001`]);
}

for (const [at, { source, flags }] of expressions.entries()) {
  parentPort.postMessage({ at });
  const expression = new RegExp(source, flags);
  const run = (text) => {
    expression.lastIndex = 0;
    const started = performance.now();
    if (flags.includes('g')) text.replace(expression, '');
    else expression.test(text);
    return performance.now() - started;
  };
  let slowest = { ms: 0, shape: '' };
  for (const text of shapesFor(source)) {
    let ms = run(text);
    // The first run includes compiling, and any run may be interrupted.
    for (let again = 0; again < 4 && ms > tooSlowMs && ms < 40 * tooSlowMs; again += 1) ms = Math.min(ms, run(text));
    if (ms > slowest.ms) slowest = { ms, shape: text.slice(0, 20) };
    if (ms > tooSlowMs) break;
  }
  parentPort.postMessage({ at, ...slowest });
}
