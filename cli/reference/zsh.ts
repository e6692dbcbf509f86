/** Completion for zsh: pure. */

import type { Completes, Reference, ReferenceOption } from './reference.js';

/** The script, an autoloaded function. */
export function zshCompletion({ name, verbs, options }: Reference): string {
  const described = verbs.map((verb) => quote(`${verb.name}:${verb.summary}`));
  return `#compdef ${name}
# Completion of ${name} for zsh. To have it:
#   ${name} completion zsh > /usr/local/share/zsh/site-functions/_${name}
# or into any folder of $fpath, under the name _${name}
_mesibo_modules_names() {
  local -a names given
  local dir=\${opt_args[--run-dir]:-$run_dir}
  names=(\${(f)"$(${name} \${dir:+--run-dir=\${(Q)dir}} completion names 2> /dev/null)"})
  given=(\${words[1,CURRENT-1]})
  compadd -F given -a names
}
_mesibo_modules_crashes() {
  local -a ids
  local dir=\${opt_args[--run-dir]:-$run_dir} state=\${opt_args[--state-dir]:-$state_dir}
  ids=(\${(f)"$(${name} \${dir:+--run-dir=\${(Q)dir}} \${state:+--state-dir=\${(Q)state}} completion crashes 2> /dev/null)"})
  # The newest comes first.
  compadd -V crashes -a ids
}
_mesibo_modules() {
  local -a verbs line
  local state run_dir state_dir
  local -A opt_args
  verbs=(
    ${described.join('\n    ')}
  )
  _arguments -C \\
    ${options.map(specOf).join(' \\\n    ')} \\
    '1:command:->verb' \\
    '*::argument:->rest'
  # What stood before the verb is forgotten when the words behind it are looked at.
  run_dir=\${opt_args[--run-dir]} state_dir=\${opt_args[--state-dir]}
  case $state in
    verb) _describe command verbs ;;
    rest)
      case $line[1] in
${verbs
  .map((verb) => {
    const args = verb.arguments.map(({ variadic, description, completes }, i) =>
      quote(`${variadic ? '*' : i + 1}:${plain(description)}:${action(completes)}`),
    );
    return `        ${verb.name}) _arguments ${[...verb.options, ...options.filter(({ long }) => long !== '--help')].map(specOf).concat(args).join(' ')} ;;`;
  })
  .join('\n')}
      esac
      ;;
  esac
}
_mesibo_modules "$@"
`;
}

function specOf({ long, short, value, optional, description, completes }: ReferenceOption): string {
  const told = `[${plain(description)}]`;
  const takes =
    value === null ? '' : `${optional ? '::' : ':'}${plain(value.replace(/[<>[\]]/g, ''))}:${action(completes)}`;
  // The value may also stand in the same word: --run-dir=/x, -n5.
  const [more, shortMore] = value === null ? ['', ''] : ['=', '+'];
  if (short === null) return quote(`${long}${more}${told}${takes}`);
  return `${quote(`(${short} ${long})`)}{${short}${shortMore},${long}${more}}${quote(`${told}${takes}`)}`;
}

function action(completes: Completes): string {
  switch (completes.kind) {
    case 'module':
      return '_mesibo_modules_names';
    case 'crash':
      return '_mesibo_modules_crashes';
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'shared-object':
      return '_files -g "*.so"';
    case 'words':
      return `(${completes.words.join(' ')})`;
    case 'nothing':
      return ' ';
  }
}

/** Escapes the characters that have a meaning within a specification. */
function plain(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
