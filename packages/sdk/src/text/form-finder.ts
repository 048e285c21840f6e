/** A prefix of a form. Most prefixes have one child only, which needs no map. */
class Prefix {
  unit = -1;
  child: Prefix | undefined;
  others: Map<number, Prefix> | undefined;
  /** The longest other prefix that is a suffix of this one. */
  fallback: Prefix | undefined;
  /** Length of the longest form that ends here; 0 if none does. */
  length = 0;

  constructor(readonly depth: number) {}
}

/** Where forms occur in a text: start and end of each place, in order; touching places are merged. */
export interface Found {
  readonly places: readonly (readonly [number, number])[];
  /** From here on, the text may be the start of a form that continues beyond its end. */
  readonly openFrom: number;
}

/** Removes line breaks: programs wrap what they print, so forms are searched for without them. */
export function withoutBreaks(form: string): string {
  return form.replace(/[\r\n]/g, '');
}

/**
 * Finds any of many texts within another in one pass (Aho and Corasick, 1975), across line breaks and colours.
 * The texts themselves must not contain line breaks.
 */
export class FormFinder {
  readonly #root = new Prefix(0);
  #isReady = true;

  add(form: string): void {
    let node = this.#root;
    for (let at = 0; at < form.length; at += 1) {
      const unit = form.charCodeAt(at);
      let next = childOf(node, unit);
      if (!next) {
        next = new Prefix(node.depth + 1);
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

  /** Sets each node's fallback, level by level from the root. */
  #link(): void {
    let level = [this.#root];
    while (level.length > 0) {
      const below: Prefix[] = [];
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

function childOf(node: Prefix, unit: number): Prefix | undefined {
  return node.unit === unit ? node.child : node.others?.get(unit);
}

function childrenOf(node: Prefix): [number, Prefix][] {
  return node.child ? [[node.unit, node.child], ...(node.others ?? [])] : [];
}

const ESCAPE = 0x1b;
/** Most characters of a colour sequence. */
const LONGEST_SEQUENCE = 32;

/** Positions of all characters but line breaks and colours, and the start of a sequence that may continue beyond the text. */
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

/** The end of a sequence such as `ESC [ 1 ; 3 1 m`; undefined if the text ends before it. */
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
