import { shellQuote } from '../shell-quote.js';
import type { Grammar, GrammarFlag, Values } from './grammar.js';

/** The completion script for zsh; to be sourced, or to lie as `_orchestrator` in a folder of `fpath`. */
export function zshScript({ places, globalFlags }: Grammar): string {
  const looks = places.map(({ path, words, flags, args }) => {
    const sets = [
      `children=(${words.map(({ word, summary }) => described(word, summary)).join(' ')})`,
      `flags=(${flags.flatMap(flagItems).join(' ')})`,
      `args=(${args.map((values) => shellQuote(spell(values))).join(' ')})`,
    ];
    return `    ${shellQuote(path)}) ${sets.join(' ')} ;;`;
  });
  const values = places.flatMap(({ path, flags }) => flags.flatMap((flag) => valueLines(flag, `${path} `)));
  return `#compdef orchestrator
# Completion of orchestrator for zsh.
# Now: source <(orchestrator completion zsh)

# Sets what may come after the words of a command.
_orchestrator_place() {
  children=() flags=() args=()
  case $1 in
${looks.join('\n')}
  esac
  flags+=(${globalFlags.flatMap(flagItems).join(' ')})
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

_orchestrator_values() {
  local -a found
  local line
  case $1 in
    file) _files ;;
    folder) _files -/ ;;
    known\\ *)
      for line in "\${(@f)$(ORCHESTRATOR_JSON='' orchestrator completion --values "\${1#known }" 2>/dev/null </dev/null)}"; do
        [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
      done
      _describe -t "\${1#known }s" "\${1#known }" found ;;
    words\\ *)
      found=(\${(s: :)\${1#words }})
      _describe -t values value found ;;
  esac
}

_orchestrator() {
  local path_so_far='' flag='' pending='' takes='' word at given=0
  local -a children flags args
  _orchestrator_place ''
  for (( at = 2; at < CURRENT; at++ )); do
    word=\${words[at]}
    if [[ -n $pending ]]; then
      pending=''
    elif [[ $word == --*=* ]]; then
      continue
    elif [[ $word == -* ]]; then
      _orchestrator_takes "$path_so_far" "$word"
      [[ -n $takes && $takes != optional* ]] && pending=$word
    elif [[ -z $path_so_far && $word == help ]]; then
      continue
    elif (( given == 0 && \${children[(I)$word:*]} )); then
      path_so_far="\${path_so_far:+$path_so_far }$word"
      _orchestrator_place "$path_so_far"
    else
      (( given += 1 ))
    fi
  done
  word=\${words[CURRENT]}
  if [[ -z $pending && $word == --*=* ]]; then
    pending=\${word%%=*}
    compset -P '*='
  fi
  if [[ -n $pending ]]; then
    _orchestrator_takes "$path_so_far" "$pending"
    _orchestrator_values "\${takes#optional }"
  elif [[ $word == -* ]]; then
    _describe -o -t flags flag flags
  else
    (( given == 0 && \${#children} )) && _describe -t commands command children
    (( \${#args} > given )) && _orchestrator_values "\${args[given + 1]}"
  fi
  return 0
}

# As a file of fpath this is the function's body; sourced, it makes the function known.
if [[ \${funcstack[1]} == _orchestrator ]]; then
  _orchestrator "$@"
else
  compdef _orchestrator orchestrator
fi
`;
}

function described(word: string, text: string): string {
  return shellQuote(`${word}:${text}`);
}

function flagItems({ name, char, description }: GrammarFlag): string[] {
  return [described(name, description), ...(char === undefined ? [] : [described(`-${char}`, description)])];
}

function valueLines({ name, char, values, optional }: GrammarFlag, path: string): string[] {
  if (!values) return [];
  const names = char === undefined ? [name] : [name, `-${char}`];
  const pattern = names.map((one) => shellQuote(path + one)).join('|');
  return [`    ${pattern}) takes=${shellQuote(optional ? `optional ${spell(values)}` : spell(values))} ;;`];
}

function spell(values: Values): string {
  if (values.kind === 'words') return `words ${values.words.join(' ')}`;
  return values.kind === 'known' ? `known ${values.what}` : values.kind;
}
