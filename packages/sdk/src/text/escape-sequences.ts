// Strings (OSC, DCS, …) up to their end, then CSI, then the rest. The parts do not overlap, so the time is linear:
// `stripVTControlCharacters` of Node.js 24 and 26 takes minutes for 1 MB of unterminated strings.
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with one
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g;

/** Removes escape sequences (ECMA-48), which colour a text, move the cursor or set a title. */
export function withoutEscapes(text: string): string {
  return text.replace(SEQUENCE, '');
}
