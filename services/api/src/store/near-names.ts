/** The names that someone may have meant, nearest first: a few letters off, or one within the other. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const text = wanted.toLowerCase().slice(0, 64);
  const allowed = Math.max(2, Math.floor(text.length / 3));
  return names
    .map((name) => ({ name, distance: distance(text, name) }))
    .map((one) => ({ ...one, distance: contains(one.name, text) ? Math.min(one.distance, 1) : one.distance }))
    .filter((one) => one.distance <= allowed)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .map((one) => one.name);
}

function contains(name: string, text: string): boolean {
  return text.length >= 3 && (name.includes(text) || text.includes(name));
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
