import { storableText } from '@codegen/contracts/storable';
import { withoutBreaks } from './form-finder.js';

/** Shorter forms are not searched for: they would also hide ordinary words. */
const LEAST_FORM = 6;
/** Longer forms are searched for in pieces. */
const LONGEST_FORM = 4096;
/** Line lengths of `base64` and `openssl base64`. */
const BASE64_LINES = [76, 64];
/** Line length of `xxd -p`. */
const HEX_LINES = 60;

/** The common ways in which programs print a secret, of 6 characters or more. */
export function writtenForms(secret: string): string[] {
  // Programs also print a secret of several lines line by line.
  const values = [secret, secret.trim(), ...secret.split('\n').map((line) => line.trim()), ...urlParts(secret)];
  const forms = new Set<string>();
  for (const value of new Set(values)) {
    if (value.length < LEAST_FORM) continue;
    const coded = [...quotedForms(value), ...urlForms(value), ...base64Forms(value), ...hexForms(value)];
    for (const form of [value, ...jsonForms(value), ...markupForms(value), ...coded]) {
      for (const piece of pieces(withoutBreaks(form), LONGEST_FORM)) forms.add(piece);
    }
  }
  return [...forms].filter((form) => form.length >= LEAST_FORM);
}

/** The password of a URL, encoded and decoded. */
function urlParts(value: string): string[] {
  if (!value.includes('://') || !URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/**
 * Within JSON, within JSON inside a JSON string, with non-ASCII characters escaped, and with the extra escapes of the JSON
 * libraries of Go, Rails, PHP, Java and .NET.
 */
function jsonForms(value: string): string[] {
  const once = JSON.stringify(value).slice(1, -1);
  const escaped = [/[^\0-\x7f]/g, /[<>&\u2028\u2029]/g, /[<>&='\u2028\u2029]/g].map((signs) =>
    once.replace(signs, (sign) => `\\u${hexUnit(sign)}`),
  );
  const upper = (text: string, signs: RegExp) => text.replace(signs, (sign) => `\\u${hexUnit(sign).toUpperCase()}`);
  // A backslash belongs to the character after it.
  const bare = once.replace(/\\(.)/g, (pair, sign) => (sign === '"' ? '"' : pair));
  const slashes = [once, escaped[0] as string].map((text) => text.replaceAll('/', '\\/'));
  return [
    ...[once, JSON.stringify(once).slice(1, -1), ...escaped, ...slashes],
    ...[upper(once, /[^\0-\x7f]/g), upper(bare, /["'<>&+`]|[^\0-\x7f]/g)],
  ];
}

function hexUnit(sign: string): string {
  return sign.charCodeAt(0).toString(16).padStart(4, '0');
}

/** As in XML and HTML; libraries escape quotes differently. */
function markupForms(value: string): string[] {
  const markup = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = ['&quot;', '&#34;'].map((quote) => markup.replaceAll('"', quote));
  const all = ["'", '&#39;', '&#x27;', '&#039;', '&apos;'].flatMap((quote) =>
    quoted.map((text) => text.replaceAll("'", quote)),
  );
  const careful = all.map((text) =>
    text.replace(/[/`]|=/g, (sign) => `&#x${sign.charCodeAt(0).toString(16).toUpperCase()};`),
  );
  return [markup, ...all, ...careful];
}

/** As in quoted strings of shells and languages; Python and Node.js choose quotes that need no escape. */
function quotedForms(value: string): string[] {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  const shell = [
    value.replaceAll("'", "'\\''"),
    value.replace(/["$`\\]/g, '\\$&'),
    value.replace(/[\0-\x7f]/g, (sign) => (/[\w@%+=:./-]/.test(sign) ? sign : `\\${sign}`)),
  ];
  return [...shell, escaped, escaped.replaceAll("'", "\\'")];
}

/** Percent-encoded; libraries differ in the characters they leave and in the case of letters. */
function urlForms(value: string): string[] {
  const usual = encodeURIComponent(storableText(value));
  const strict = usual.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const upper = [usual, strict, strict.replaceAll('%2F', '/'), strict.replaceAll('%20', '+')];
  return [...upper, ...upper.map((form) => form.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()))];
}

/** Alone, in lines of common programs, and inside longer data, at each of three alignments. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const lines = BASE64_LINES.flatMap((width) => pieces(whole, width));
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Only characters that hold no bits of the surrounding data.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [whole, ...(whole.length > 64 ? lines : []), ...inside].flatMap((form) => [form, asUrlSafe(form)]);
}

function asUrlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

function hexForms(value: string): string[] {
  const hex = Buffer.from(value).toString('hex');
  return [hex, hex.toUpperCase(), ...pieces(hex, HEX_LINES)];
}

function pieces(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, i) => text.slice(i * length, (i + 1) * length));
}
