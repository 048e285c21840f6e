import type { Grammar, GrammarFlag, Place, Values } from './grammar.js';

/** The completion script for fish. */
export function fishScript({ places, globalFlags }: Grammar): string {
  const children = places
    .filter(({ words }) => words.length > 0)
    .map(
      ({ path, words }) =>
        `        case ${quote(path)}\n            echo ${words.map(({ word }) => word).join(' \\\n                ')}`,
    );
  const taking = [
    ...new Set([...globalFlags, ...places.flatMap(({ flags }) => flags)].filter(takesNext).flatMap(namesOf)),
  ];
  return `# Completion of orchestrator for fish.
# Now: orchestrator completion fish | source

function __orchestrator_children
    switch "$argv[1]"
${children.join('\n')}
    end | string split ' '
end

# The words of the command that is typed, without flags, their values and arguments.
function __orchestrator_path
    set -l found
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word ${taking.join(' ')}
            set skip 1
        else if string match -q -- '-*' $word
            continue
        else if test "$word" = help -a -z "$found"
            continue
        else if contains -- $word (__orchestrator_children "$found")
            set found (string join ' ' $found $word)
        else
            break
        end
    end
    echo "$found"
end

# Asked once for each line below, so the answer is kept as long as what is typed stays the same.
function __orchestrator_at
    set -l typed (commandline -cp | string collect)
    if test "$typed" != "$__orchestrator_typed"
        set -g __orchestrator_typed $typed
        set -g __orchestrator_found (__orchestrator_path)
    end
    test "$__orchestrator_found" = "$argv[1]"
end

function __orchestrator_values
    ORCHESTRATOR_JSON='' orchestrator completion --values $argv[1] 2>/dev/null </dev/null
end

complete -c orchestrator -f
${globalFlags.map((flag) => completeFlag(flag, '')).join('\n')}
${places.flatMap(completePlace).join('\n')}
`;
}

function completePlace({ path, words, flags, args }: Place): string[] {
  const here = ` -n ${quote(`__orchestrator_at ${quote(path)}`)}`;
  const offers = words.map(({ word, summary }) => `complete -c orchestrator${here} -a ${word} -d ${quote(summary)}`);
  const values = args.map(spell).filter((spelled) => spelled !== '');
  return [
    ...offers,
    ...flags.map((flag) => completeFlag(flag, here)),
    ...values.map((spelled) => `complete -c orchestrator${here}${spelled}`),
  ];
}

function completeFlag({ name, char, description, values, optional }: GrammarFlag, here: string): string {
  const short = char === undefined ? '' : ` -s ${char}`;
  const taken = values === undefined || optional ? '' : values.kind === 'any' ? ' -x' : ` -r${spell(values)}`;
  return `complete -c orchestrator${here} -l ${name.slice(2)}${short}${taken} -d ${quote(description)}`;
}

function spell(values: Values): string {
  switch (values.kind) {
    case 'words':
      return ` -f -a ${quote(values.words.join(' '))}`;
    case 'known':
      return ` -f -a ${quote(`(__orchestrator_values ${values.what})`)}`;
    case 'file':
      return ' -F';
    case 'folder':
      return ` -f -a ${quote('(__fish_complete_directories)')}`;
    case 'any':
      return '';
  }
}

function takesNext({ values, optional }: GrammarFlag): boolean {
  return values !== undefined && !optional;
}

function namesOf({ name, char }: GrammarFlag): string[] {
  return char === undefined ? [name] : [name, `-${char}`];
}

/** In single quotes fish reads a backslash before a quote or another backslash. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
