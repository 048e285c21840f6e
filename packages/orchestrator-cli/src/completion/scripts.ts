/** Shells that there is a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What makes a shell ask `orchestrator completion SHELL --complete` when Tab is pressed. The line goes to standard input,
 * for there may be a secret in it. A line of the answer is a word, a tab and what it means; or `file` or `folder` alone,
 * which the shell completes itself.
 */
export const scripts: Record<Shell, string> = {
  bash: `# Completion of orchestrator for bash.
# Now: source <(orchestrator completion bash)
_orchestrator() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      file) compopt -o default 2>/dev/null ;;
      folder) compopt -o dirnames 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(printf %s "\${COMP_LINE:0:COMP_POINT}" |
    ORCHESTRATOR_JSON='' COMP_WORDBREAKS=$COMP_WORDBREAKS orchestrator completion bash --complete 2>/dev/null)
}
complete -o bashdefault -F _orchestrator orchestrator`,

  zsh: `#compdef orchestrator
# Completion of orchestrator for zsh.
# Now: source <(orchestrator completion zsh)
_orchestrator() {
  local line
  local -a values shown
  for line in "\${(@f)$(print -rn -- "\${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" |
    ORCHESTRATOR_JSON='' orchestrator completion zsh --complete 2>/dev/null)}"; do
    case $line in
      file) compset -P '--*='; _files ;;
      folder) compset -P '--*='; _files -/ ;;
      ?*) values+=("\${line%%$'\\t'*}") shown+=("\${line/$'\\t'/  -- }") ;;
    esac
  done
  compadd -V orchestrator -l -d shown -a values
}

# As a file of fpath this is the function's body; sourced, it makes the function known.
if [[ \${funcstack[1]} == _orchestrator ]]; then
  _orchestrator "$@"
else
  compdef _orchestrator orchestrator
fi`,

  fish: `# Completion of orchestrator for fish.
# Now: orchestrator completion fish | source
function __orchestrator_complete
    set -l lines (commandline -cp | ORCHESTRATOR_JSON='' orchestrator completion fish --complete 2>/dev/null)
    set -l flag (commandline -ct | string match -r '^--[^=]*=')
    set -l path (commandline -ct | string replace -r '^--[^=]*=' '')
    switch "$lines"
        case file
            __fish_complete_path $path | string replace -r '^' "$flag"
        case folder
            __fish_complete_directories $path | string replace -r '^' "$flag"
        case '*'
            string join \\n -- $lines
    end
end
complete -c orchestrator -f -k -a '(__orchestrator_complete)'`,
};
