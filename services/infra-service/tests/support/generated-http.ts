/** Numbers that look random, the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, a limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Yes once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

const HOSTILE = [
  '\0',
  '\x01',
  '\x0b',
  '\x1b[2J',
  '\x7f',
  '\x80',
  '\xff',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  ',',
  '%',
];
const NAMES = [
  'X-A',
  'x_b',
  'Set-Cookie',
  'Connection',
  'Keep-Alive',
  'Upgrade',
  'Trailer',
  'TE',
  'Date',
  'Location',
  'Host',
];
const FRAMING = ['Content-Length', 'Transfer-Encoding', 'content-length', 'Transfer-encoding'];
const VALUES = [
  '1',
  'a',
  'close',
  'keep-alive',
  'upgrade',
  'echo',
  'X-A, Content-Length',
  'caf\xe9',
  '',
  ' ',
  '\t',
  'a\tb',
  'h2c, echo',
];
const LENGTHS = [
  '0',
  '4',
  '5',
  '-1',
  '+4',
  '4, 4',
  '0x4',
  '99999999999999999999',
  '1e3',
  'chunked',
  'gzip, chunked',
  'identity',
  'xchunked',
  '',
];
const BODIES = [
  '',
  'good',
  'good!',
  '4\r\ngood\r\n0\r\n\r\n',
  '4;a=b\r\ngood\r\n0\r\nX-Sum: 1\r\n\r\n',
  '4\r\ngood\r\n0\r\nContent-Length: 1\r\n\r\n',
  'zz\r\n',
  '4\r\ngo',
];
const VERSIONS = ['1.1', '1.1', '1.1', '1.1', '1.0', '2.0', '0.9', '9.9', '1', ''];
const STATUSES = [
  '200',
  '200',
  '200',
  '404',
  '500',
  '204',
  '304',
  '100',
  '101',
  '102',
  '103',
  '099',
  '000',
  '600',
  '999',
  '1000',
  '2',
  'abc',
  '-1',
];
const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'PURGE',
  'BREW',
  'get',
  '',
];

const CLOSE = 'Connection: close\r\n';
const SOUND = [
  ['GET', `${CLOSE}\r\n`],
  ['GET', `${CLOSE}\r\n`],
  ['HEAD', `${CLOSE}\r\n`],
  ['GET', 'Connection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['POST', `${CLOSE}Content-Length: 4\r\n\r\ngood`],
  ['PUT', `${CLOSE}Expect: 100-continue\r\nContent-Length: 4\r\n\r\ngood`],
  ['POST', `${CLOSE}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\nX-Sum: 1\r\n\r\n`],
] as const;

function headers(dice: Dice, most: number): string {
  let text = '';
  for (let left = dice.below(most); left > 0; left -= 1) {
    if (dice.oneIn(4)) text += `${dice.oneOf(FRAMING)}: ${dice.oneOf(LENGTHS)}\r\n`;
    else text += `${dice.oneOf(NAMES)}:${dice.oneOf([' ', ''])}${dice.oneOf(VALUES)}\r\n`;
  }
  return text;
}

function framed(dice: Dice): string {
  return dice.oneOf([
    'Content-Length: 4\r\n\r\ngood',
    'Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n',
    'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\nX-Sum: 1\r\n\r\n',
    'Connection: Upgrade\r\nUpgrade: echo\r\n\r\nearly',
    `${dice.oneOf(FRAMING)}: ${dice.oneOf(LENGTHS)}\r\n\r\n${dice.oneOf(BODIES)}`,
    `\r\n${dice.oneOf(BODIES)}`,
  ]);
}

/** Puts something hostile somewhere, cuts, or doubles; in half of the cases nothing. */
function spoiled(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  switch (dice.below(8)) {
    case 0:
    case 1:
      return text.slice(0, at) + dice.oneOf(HOSTILE) + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1);
    case 3:
      return dice.oneIn(4) ? text.slice(0, at) : text + text;
    default:
      return text;
  }
}

/** What a release might answer: mostly nearly HTTP. */
export function generatedAnswer(dice: Dice): string {
  const interim = dice.oneIn(20) ? 'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'.repeat(dice.oneOf([1, 3, 60])) : '';
  const reason = dice.oneOf(['OK', '', 'No way', 'a\x01b', '\x1b[31m', '\xe9', 'x'.repeat(300)]);
  const line = `HTTP/${dice.oneOf(VERSIONS)} ${dice.oneOf(STATUSES)} ${reason}\r\n`;
  return interim + spoiled(dice, line + headers(dice, 4) + framed(dice));
}

/** What a client might send to a path: half of it HTTP, half nearly. */
export function generatedRequest(dice: Dice, path: string): string {
  if (dice.oneIn(2)) {
    const [method, framing] = dice.oneOf(SOUND);
    const more = ['', 'X-A: 1\r\n', 'X_Forwarded_For: 1.2.3.4\r\n', 'TE: trailers\r\n'];
    return `${method} ${path}${dice.oneOf(['', '?a=b'])} HTTP/1.1\r\nHost: x\r\n${dice.oneOf(more)}${framing}`;
  }
  const target = dice.oneOf([path, path, path, `${path}?a=b`, `http://x${path}`, `${path}\xe9`, '*', `${path} x`]);
  const line = `${dice.oneOf(METHODS)} ${target} HTTP/${dice.oneOf(VERSIONS)}\r\n`;
  const host = dice.oneIn(10)
    ? dice.oneOf(['', 'Host: a\r\nHost: b\r\n', 'Host: a/b\r\n', 'Host:\r\n'])
    : 'Host: x\r\n';
  const expect = dice.oneIn(15) ? 'Expect: 100-continue\r\n' : '';
  const rest = dice.oneIn(3) ? framed(dice) : '\r\n';
  return spoiled(dice, `${line}${host}Connection: close\r\n${expect}${headers(dice, 4)}${rest}`);
}
