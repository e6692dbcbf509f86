/** Completion for bash: pure. */

import type { Completes, Reference, ReferenceOption, ReferenceVerb } from './reference.js';

/** The script. Verbs and options stand in it: only names of modules need the program to run. */
export function bashCompletion(reference: Reference): string {
  const { name, verbs, options } = reference;
  const all = [...options, ...verbs.flatMap((verb) => verb.options)];
  const valued = unique(all.filter(({ value, optional }) => value !== null && !optional).flatMap(spellings));
  return `# Completion of ${name} for bash. To have it:
#   ${name} completion bash > /etc/bash_completion.d/${name}
# or, for one user, into ~/.local/share/bash-completion/completions/${name}
_mesibo_modules() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} verb= at=1 given=() dirs=() word
  COMPREPLY=()
  # bash makes three words of --run-dir=/x.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  while ((at < COMP_CWORD)); do
    word=\${COMP_WORDS[at]}
    case $word in
      ${valued.join(' | ')})
        ((at++))
        if [[ \${COMP_WORDS[at]} == = ]]; then ((at++)); fi
        if [[ $word == --run-dir || $word == --state-dir ]]; then dirs+=("$word" "\${COMP_WORDS[at]/#\\~/$HOME}"); fi
        ;;
      --run-dir=* | --state-dir=*) dirs+=("$word") ;;
      -*) ;;
      *) if [[ -z $verb ]]; then verb=$word; else given+=("$word"); fi ;;
    esac
    ((at++))
  done
  case "$verb $prev" in
${unique(verbs.flatMap((verb) => verb.options.flatMap((option) => optionCases(verb.name, option))).concat(options.flatMap((option) => optionCases('*', option)))).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $verb in
${verbs.map((verb) => `      ${verb.name}) _mesibo_words "${[...verb.options, ...options].map(({ long }) => long).join(' ')}" ;;`).join('\n')}
      *) _mesibo_words "${options.map(({ long }) => long).join(' ')}" ;;
    esac
    return
  fi
  case $verb in
    '') _mesibo_words "${['help', ...verbs.map((verb) => verb.name)].join(' ')}" ;;
    help) _mesibo_words "${verbs.map((verb) => verb.name).join(' ')}" ;;
${verbs.flatMap(argumentCases).join('\n')}
  esac
}
_mesibo_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_mesibo_names() {
  local name names=()
  while read -r name; do
    if [[ " \${given[*]} " != *" $name "* ]]; then names+=("$name"); fi
  done < <(${name} "\${dirs[@]}" completion "\${1:-names}" 2> /dev/null)
  _mesibo_words "\${names[*]}"
}
_mesibo_paths() { compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen "$@" -- "$cur"); }
_mesibo_objects() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -f -X '!*.so' -- "$cur"; compgen -d -- "$cur")
}
complete -F _mesibo_modules ${name}
`;
}

/** The case of a verb, with all of its arguments that can be completed: a shell takes the first case that fits. */
function argumentCases({ name, arguments: args }: ReferenceVerb): string[] {
  const lines = args.flatMap(({ completes, variadic }, i) => {
    if (completes.kind === 'nothing') return [];
    if (variadic) return [action(completes)];
    return [`if ((\${#given[@]} == ${i})); then ${action(completes)}; fi`];
  });
  return lines.length === 0 ? [] : [`    ${name}) ${lines.join('; ')} ;;`];
}

function optionCases(verb: string, option: ReferenceOption): string[] {
  if (option.value === null || option.optional) return [];
  return spellings(option).map((word) => {
    const what = option.completes.kind === 'nothing' ? 'return' : `${action(option.completes)}; return`;
    return `    ${verb === '*' ? '*' : `'${verb}`}${verb === '*' ? `' ${word}'` : ` ${word}'`}) ${what} ;;`;
  });
}

function spellings({ long, short }: ReferenceOption): string[] {
  return short ? [long, short] : [long];
}

function action(completes: Completes): string {
  switch (completes.kind) {
    case 'module':
      return '_mesibo_names';
    case 'crash':
      return '_mesibo_names crashes';
    case 'file':
      return '_mesibo_paths -f';
    case 'directory':
      return '_mesibo_paths -d';
    case 'shared-object':
      return '_mesibo_objects';
    case 'words':
      return `_mesibo_words "${completes.words.join(' ')}"`;
    case 'nothing':
      return ':';
  }
}

function unique(words: string[]): string[] {
  return [...new Set(words)];
}
