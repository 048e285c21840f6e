/** Results and timings of the demo. */
export interface DemoResult {
  url: string;
  titles: string[];
  phases: { name: string; seconds: number }[];
  sentenceToUrl: number;
  /** The repository's main branch, one line per commit. */
  log: string[];
}

/** Makes a text from outside safe for a terminal: one line, without control characters, cut to a width. */
export function printable(text: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\s]+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : line;
}

/** The demo's closing text. With `kept`, the system is still up. */
export function closingCard(result: DemoResult, kept?: { home: string; pid: number }): string {
  const rule = '─'.repeat(72);
  const list = (lines: readonly string[], most: number) => [
    ...lines.slice(0, most),
    ...(lines.length > most ? [`… and ${lines.length - most} more`] : []),
  ];
  const lines = [
    rule,
    `  URL       ${result.url}`,
    ...list(result.titles, 8).map((title, i) => `  ${i === 0 ? 'posts   ' : '        '}  ${printable(title, 58)}`),
    '',
    ...result.phases.map(({ name, seconds }) => `  ${name.padEnd(20)} ${seconds.toFixed(1).padStart(5)} s`),
    `  ${'sentence to URL:'.padEnd(20)} ${result.sentenceToUrl.toFixed(1).padStart(5)} s`,
    '',
    ...list(result.log, 8).map((line, i) => `  ${i === 0 ? 'git log ' : '        '}  ${printable(line, 58)}`),
    '',
    '  Written by the demo agent, which is not an AI.',
    rule,
    ...(kept ? keptCommands(result, kept) : nextCommands()),
  ];
  return `\n${lines.join('\n')}\n`;
}

function keptCommands(result: DemoResult, { home, pid }: { home: string; pid: number }): string[] {
  return [
    'The system is still up. In this terminal:',
    '',
    `  export ORCHESTRATOR_CONFIG_DIR=${home}/config`,
    '',
    `  curl ${result.url}/posts`,
    '  bin/orchestrator project list',
    '  bin/orchestrator engineering start --project blog --spec "Something else" --wait',
    '',
    `Stop it with: kill ${pid}; then rm -r ${home}`,
  ];
}

function nextCommands(): string[] {
  return ['Next:', '', '  bin/demo --keep --spec "A page about the sea"', '  bin/up', '  bin/orchestrator --help'];
}
