/** A beginning of a form. Most go on in one way only, which is kept without a map. */
class Beginning {
  unit = -1;
  child: Beginning | undefined;
  others: Map<number, Beginning> | undefined;
  /** The longest other beginning that this one ends with. */
  fallback: Beginning | undefined;
  /** Length of the longest form that ends here; 0 for none. */
  length = 0;

  constructor(readonly depth: number) {}
}

/** Where forms stand in a text: the beginning and the end of each place, in order; places that touch are one. */
export interface Found {
  readonly places: readonly (readonly [number, number])[];
  /** From where on the text may be the beginning of a form that goes on beyond its end. */
  readonly openFrom: number;
}

/** What a form is looked for without: programs break what they print into lines, and colour parts of it. */
export function withoutBreaks(form: string): string {
  return form.replace(/[\r\n]/g, '');
}

/**
 * Finds any of many texts within another in one walk over it (Aho and Corasick, 1975), over line breaks and colours.
 * The texts themselves must be without line breaks.
 */
export class FormFinder {
  readonly #root = new Beginning(0);
  #isReady = true;

  add(form: string): void {
    let node = this.#root;
    for (let at = 0; at < form.length; at += 1) {
      const unit = form.charCodeAt(at);
      let next = childOf(node, unit);
      if (!next) {
        next = new Beginning(node.depth + 1);
        if (node.child) node.others = (node.others ?? new Map()).set(unit, next);
        else {
          node.unit = unit;
          node.child = next;
        }
        this.#isReady = false;
      }
      node = next;
    }
    if (node.length < node.depth) this.#isReady = false;
    node.length = node.depth;
  }

  find(text: string): Found {
    if (!this.#isReady) this.#link();
    const { units, end } = readable(text);
    const places: [number, number][] = [];
    let node = this.#root;
    for (let n = 0; n < units.length; n += 1) {
      const at = units[n] as number;
      const unit = text.charCodeAt(at);
      let next = childOf(node, unit);
      while (!next && node.fallback) {
        node = node.fallback;
        next = childOf(node, unit);
      }
      node = next ?? this.#root;
      if (node.length === 0) continue;
      let from = units[n + 1 - node.length] as number;
      for (let last = places.at(-1); last && last[1] >= from; last = places.at(-1)) {
        from = Math.min(from, last[0]);
        places.pop();
      }
      places.push([from, at + 1]);
    }
    return { places, openFrom: node.depth === 0 ? end : (units[units.length - node.depth] as number) };
  }

  /** Tells each node where to go on when a character does not fit: from the root outward. */
  #link(): void {
    let level = [this.#root];
    while (level.length > 0) {
      const below: Beginning[] = [];
      for (const node of level) {
        node.length = Math.max(node.length, node.fallback?.length ?? 0);
        for (const [unit, child] of childrenOf(node)) {
          let from = node.fallback;
          while (from && !childOf(from, unit)) from = from.fallback;
          child.fallback = (from && childOf(from, unit)) ?? this.#root;
          below.push(child);
        }
      }
      level = below;
    }
    this.#isReady = true;
  }
}

function childOf(node: Beginning, unit: number): Beginning | undefined {
  return node.unit === unit ? node.child : node.others?.get(unit);
}

function childrenOf(node: Beginning): [number, Beginning][] {
  return node.child ? [[node.unit, node.child], ...(node.others ?? [])] : [];
}

const ESCAPE = 0x1b;
/** Characters of a sequence that colours: more are none. */
const LONGEST_SEQUENCE = 32;

/** Where the characters of a text are but line breaks and colours, and where a sequence begins that may go on beyond it. */
function readable(text: string): { units: Int32Array; end: number } {
  const units = new Int32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at);
    if (unit === ESCAPE) {
      const next = afterSequence(text, at);
      if (next === undefined) return { units: units.subarray(0, count), end: at };
      at = next;
      continue;
    }
    if (unit !== 10 && unit !== 13) {
      units[count] = at;
      count += 1;
    }
    at += 1;
  }
  return { units: units.subarray(0, count), end: text.length };
}

/** Where a sequence such as `ESC [ 1 ; 3 1 m` ends; undefined where the text ends before it. */
function afterSequence(text: string, start: number): number | undefined {
  if (start + 1 === text.length) return undefined;
  if (text[start + 1] !== '[') return start + 1;
  const most = start + LONGEST_SEQUENCE;
  for (let at = start + 2; at < most; at += 1) {
    if (at === text.length) return undefined;
    if (/[@-~]/.test(text[at] as string)) return at + 1;
  }
  return start + 1;
}
