// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this removes
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A command line to paste into a shell: what stands in `${…}` becomes one word, whatever is in it. Names and ids come from
 * a server, and a name such as `$(reboot)` must stay a name.
 */
export function paste(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((line, part, at) => line + word(String(values[at - 1])) + part);
}

/** A word for a POSIX shell. Control characters are no part of any name; a leading hyphen would make it a flag. */
function word(value: string): string {
  const text = value.replace(UNPRINTABLE, '').replace(/^-+/, '');
  if (/^[\w@%+=:,./…-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
