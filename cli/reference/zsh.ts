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
  local -a dirs names
  (( \${+opt_args[--run-dir]} )) && dirs=(--run-dir "\${(Q)opt_args[--run-dir]}")
  names=(\${(f)"$(${name} $dirs completion names 2> /dev/null)"})
  compadd -a names
}
_mesibo_modules() {
  local -a verbs line
  local state
  local -A opt_args
  verbs=(
    ${described.join('\n    ')}
  )
  _arguments -C \\
    ${options.map(specOf).join(' \\\n    ')} \\
    '1:command:->verb' \\
    '*::argument:->rest'
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
  if (short === null) return quote(`${long}${told}${takes}`);
  return `${quote(`(${short} ${long})`)}{${short},${long}}${quote(`${told}${takes}`)}`;
}

function action(completes: Completes): string {
  switch (completes.kind) {
    case 'module':
      return '_mesibo_modules_names';
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

/** What means something within a specification is escaped. */
function plain(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
