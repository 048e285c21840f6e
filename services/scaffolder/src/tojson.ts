/** Jinja's `tojson` filter: ASCII only, keys sorted, a space after comma and colon, safe inside HTML. */
export function tojson(value: unknown): string {
  return encode(value).replace(
    /[<>&'\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function encode(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(encode).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${encode(one)}`).join(', ')}}`;
}
