import { shellQuote } from '../shell-quote.js';
import type { Grammar, GrammarFlag, Values } from './grammar.js';

/** The completion script for bash; needs nothing but bash itself. */
export function bashScript({ places, globalFlags }: Grammar): string {
  const looks = places.map(({ path, words, flags, args }) => {
    const sets = [
      `children=${shellQuote(words.map(({ word }) => word).join(' '))}`,
      `flags=${shellQuote(flags.flatMap(namesOf).join(' '))}`,
      `args=(${args.map((values) => shellQuote(spell(values))).join(' ')})`,
    ];
    return `    ${shellQuote(path)}) ${sets.join(' ')} ;;`;
  });
  const values = places.flatMap(({ path, flags }) => flags.flatMap((flag) => valueLines(flag, `${path} `)));
  return `# Completion of orchestrator for bash.
# Now: source <(orchestrator completion bash)

# Sets what may come after the words of a command.
_orchestrator_place() {
  children='' flags='' args=()
  case $1 in
${looks.join('\n')}
  esac
  flags+=${shellQuote(` ${globalFlags.flatMap(namesOf).join(' ')}`)}
}

# Sets what a flag takes: nothing, or a kind and its words.
_orchestrator_takes() {
  takes=''
  case $2 in
${globalFlags.flatMap((flag) => valueLines(flag, '')).join('\n')}
  esac
  case "$1 $2" in
${values.join('\n')}
  esac
}

# Offers those of the words on standard input that begin as the one that is typed.
_orchestrator_offer() {
  local word
  while IFS=$'\\t' read -r word _; do
    [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
  done
}

_orchestrator_values() {
  case $1 in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    known\\ *) _orchestrator_offer < <(ORCHESTRATOR_JSON='' orchestrator completion --values "\${1#known }" 2>/dev/null </dev/null) ;;
    words\\ *) _orchestrator_offer < <(printf '%s\\n' \${1#words }) ;;
  esac
}

_orchestrator() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' flag='' pending='' takes='' children flags word at=1 given=0
  local -a args
  COMPREPLY=()
  _orchestrator_place ''
  for (( ; at < COMP_CWORD; at++ )); do
    word=\${COMP_WORDS[at]}
    # bash takes --flag=value apart at the sign.
    if [[ $word == '=' ]]; then
      pending=$flag
    elif [[ -n $pending ]]; then
      pending=''
    elif [[ $word == -* ]]; then
      flag=$word
      _orchestrator_takes "$path" "$flag"
      [[ -n $takes && $takes != optional* ]] && pending=$flag
    elif [[ -z $path && $word == help ]]; then
      continue
    elif [[ $given -eq 0 && " $children " == *" $word "* ]]; then
      path="\${path:+$path }$word"
      _orchestrator_place "$path"
    else
      given=$((given + 1))
    fi
  done
  if [[ $current == '=' ]]; then
    pending=$flag current=''
  fi
  if [[ -n $pending ]]; then
    _orchestrator_takes "$path" "$pending"
    _orchestrator_values "\${takes#optional }"
  elif [[ $current == -* ]]; then
    _orchestrator_offer < <(printf '%s\\n' $flags)
  else
    [[ $given -eq 0 ]] && _orchestrator_offer < <(printf '%s\\n' $children)
    [[ \${#args[@]} -gt $given ]] && _orchestrator_values "\${args[given]}"
  fi
  return 0
}

complete -o bashdefault -F _orchestrator orchestrator
`;
}

function namesOf({ name, char }: GrammarFlag): string[] {
  return char === undefined ? [name] : [name, `-${char}`];
}

function valueLines(flag: GrammarFlag, path: string): string[] {
  if (!flag.values) return [];
  const spelled = flag.optional ? `optional ${spell(flag.values)}` : spell(flag.values);
  return [
    `    ${namesOf(flag)
      .map((name) => shellQuote(path + name))
      .join('|')}) takes=${shellQuote(spelled)} ;;`,
  ];
}

function spell(values: Values): string {
  if (values.kind === 'words') return `words ${values.words.join(' ')}`;
  return values.kind === 'known' ? `known ${values.what}` : values.kind;
}
