/** The commands of an example as a shell would start them, each as its words; only pipes and redirections are known. */
export function commandsOf(example: string): string[][] {
  const tokens = [...example.matchAll(/(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'|<>]+))+|[|<>]/g)].map(
    ([token]) => token,
  );
  const commands: string[][] = [[]];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as string;
    if (token === '|') commands.push([]);
    else if (token === '<' || token === '>') at += 1;
    else commands.at(-1)?.push(token.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, a, b) => a ?? b));
  }
  return commands;
}
