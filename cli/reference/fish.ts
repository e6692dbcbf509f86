/** Completion for fish: pure. */

import type { Completes, Reference, ReferenceOption } from './reference.js';

/** The script. */
export function fishCompletion({ name, verbs, options }: Reference): string {
  const command = `complete -c ${name}`;
  const names = verbs.map((verb) => verb.name).join(' ');
  const lines = [
    `${command} -f`,
    ...options.map((option) => `${command} ${optionOf(option)}`),
    ...verbs.map((verb) => `${command} -n __mesibo_modules_no_verb -a ${verb.name} -d ${quote(verb.summary)}`),
    ...verbs.flatMap((verb) => {
      const when = `-n ${quote(`__fish_seen_subcommand_from ${verb.name}`)}`;
      const own = verb.options.filter(({ long }) => long !== '--help');
      const args = verb.arguments.flatMap(({ completes, description }) => argumentOf(completes, description));
      return [
        ...own.map((option) => `${command} ${when} ${optionOf(option)}`),
        ...args.map((rest) => `${command} ${when} ${rest}`),
      ];
    }),
  ];
  return `# Completion of ${name} for fish. To have it:
#   ${name} completion fish > /etc/fish/completions/${name}.fish
# or, for one user, into ~/.config/fish/completions/${name}.fish
function __mesibo_modules_no_verb
    not __fish_seen_subcommand_from ${names} help
end
function __mesibo_modules_names
    set -l words (commandline -opc)
    set -l dirs
    if set -l at (contains -i -- --run-dir $words)
        set dirs --run-dir $words[(math $at + 1)]
    else
        set dirs (string match -- '--run-dir=*' $words)
    end
    for name in (${name} $dirs completion names 2>/dev/null)
        contains -- $name $words; or echo $name
    end
end
function __mesibo_modules_crashes
    set -l words (commandline -opc)
    set -l dirs (string match -r -- '^--(?:run|state)-dir=.*' $words)
    for option in --run-dir --state-dir
        if set -l at (contains -i -- $option $words)
            set -a dirs $option $words[(math $at + 1)]
        end
    end
    ${name} $dirs completion crashes 2>/dev/null
end
${lines.join('\n')}
`;
}

function optionOf({ long, short, value, optional, description, completes }: ReferenceOption): string {
  const takes = value === null || optional ? '' : ` -r ${argumentOf(completes, null).join(' ')}`.trimEnd();
  return `-l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ''}${takes} -d ${quote(description)}`;
}

function argumentOf(completes: Completes, description: string | null): string[] {
  const told = description === null ? '' : ` -d ${quote(description)}`;
  switch (completes.kind) {
    case 'module':
      return [`-a '(__mesibo_modules_names)'${told}`];
    case 'crash':
      return [`-k -a '(__mesibo_modules_crashes)'${told}`];
    case 'file':
      return ['-F'];
    case 'shared-object':
      return [`-k -a '(__fish_complete_suffix .so)'${told}`];
    case 'directory':
      return [`-a '(__fish_complete_directories)'${told}`];
    case 'words':
      return [`-a ${quote(completes.words.join(' '))}${told}`];
    case 'nothing':
      return [];
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
