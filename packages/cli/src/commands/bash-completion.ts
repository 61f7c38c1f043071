/**
 * For bash, instead of tab's script: that one evaluates what was typed so far, `$(…)` included, needs the package
 * bash-completion, and complains when it is read twice. The same protocol: lines of value, tab and description, and on
 * the last one a colon and a directive, of which 4 forbids files.
 */
export const bashScript = (name: string): string => `# bash completion for ${name}
_${name}_completion() {
  local typed=\${COMP_LINE:0:COMP_POINT} words line value directive=0
  IFS=$' \\t' read -ra words <<<"$typed"
  [[ $typed == *[[:space:]] ]] && words+=('')
  local current=\${words[\${#words[@]} - 1]}
  # Bash cuts words at these, and takes what it is told for the last piece.
  local cut=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line =~ ^:[0-9]+$ ]]; then
      directive=\${line#:}
    else
      value=\${line%%$'\\t'*}
      COMPREPLY+=("$(printf '%q' "\${value#"$cut"}")")
    fi
  done < <(${name} complete -- "\${words[@]:1}" 2>/dev/null)
  ((directive & 4)) || compopt -o default 2>/dev/null
}
complete -F _${name}_completion ${name}
`;
