/** What the reference says beside the commands: where things are, what is read of the environment, what exit codes mean. */

/** A thing and what it means. */
export type Entry = [what: string, meaning: string];

/** Of every command. */
export const EXIT_CODES: Entry[] = [
  ['0', 'It worked.'],
  [
    '1',
    'It did not work; the message says what to do. status exits with 1 when a module that should be up does not serve, or when the core itself has a problem, such as a failed reload. Past crashes and modules that an operator has stopped do not count. crashes replay exits with 0 only when the module dies again at the same place. start and stop of a module exit with 0 when the order was carried out but cannot be written to the state directory. They warn then, and status exits with 1 until it can be written.',
  ],
  ['2', 'The command line makes no sense.'],
  ['3', 'No core serves the run directory.'],
  ['130, 143', 'Ctrl-C or SIGTERM ended the command. The core carries on with what the command had asked for.'],
];

/** Variables that are read. */
export const ENVIRONMENT: Entry[] = [
  ['MESIBO_RUN_DIR', 'The run directory, unless --run-dir is given.'],
  ['MESIBO_STATE_DIR', 'The state directory, unless --state-dir is given.'],
  [
    'NODE_EXTRA_CA_CERTS',
    'Read at start: a file of certificates. The https requests of modules trust them, besides those of Node.',
  ],
  ['MESIBO_DEBUG', 'If set, errors of commands come with a stack trace.'],
  ['NO_COLOR', 'If set, nothing is coloured.'],
];

/** Signals that a core obeys. */
export const SIGNALS: Entry[] = [
  ['SIGTERM, SIGINT', 'Stop; a second one ends everything at once.'],
  ['SIGHUP', 'Reload the configuration.'],
  ['SIGUSR1, SIGUSR2', 'Nothing; the log says that the signal came.'],
];

/** Files and folders. */
export const FILES: Entry[] = [
  ['/etc/mesibo/mesibo.conf', 'The configuration, unless --config names another.'],
  [
    '/run/mesibo-modules',
    "The run directory of root; of other users, $XDG_RUNTIME_DIR/mesibo-modules. It holds the core's lock and sockets.",
  ],
  [
    '/var/lib/mesibo-modules',
    'The state directory of root; of other users, ~/.local/state/mesibo-modules. It holds the logs, and which modules are stopped.',
  ],
  ['/dev/shm', 'The black boxes of running modules.'],
];

/** What is typed most often. */
export const EXAMPLES: Entry[] = [
  [
    'mesibo-modules try module_filter.so --conf blocked_words=darn "oh darn"',
    'Shows what a module does with a message.',
  ],
  ['mesibo-modules check mesibo.conf', 'Checks a configuration and its modules.'],
  ['mesibo-modules start --config mesibo.conf --daemon', 'Starts a core in the background.'],
  ['mesibo-modules status --watch', 'Shows the state of the core and its modules, every second.'],
  ['mesibo-modules reload', 'Applies a changed configuration without losing a message.'],
  ['mesibo-modules logs filter -f', 'Shows what a module logs.'],
  ['mesibo-modules crashes show last', 'Says where the last crash was, and what the module was given.'],
  ['mesibo-modules stop filter && mesibo-modules start filter', 'Takes a module out, and brings it back.'],
];
