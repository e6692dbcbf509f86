/** What the reference says beside the commands: where things are, what is read of the environment, what exit codes mean. */

/** A thing and what it means. */
export type Entry = [what: string, meaning: string];

/** Of every command. */
export const EXIT_CODES: Entry[] = [
  ['0', 'It worked.'],
  [
    '1',
    'It did not; the message says what to do. For status: a module that should be up does not serve, or something is wrong with the core itself, such as a reload that failed. What is past, and modules that were stopped by order, leave it 0. A start or stop of a module whose order was carried out, and cannot be written to the state directory, leaves it 0 too: the command warns, and status exits with 1 until it can be written.',
  ],
  ['2', 'The command line makes no sense.'],
  ['3', 'No core serves the run directory.'],
  ['130, 143', 'Ctrl-C, SIGTERM: the command was ended. What it had told the core to do, the core carries on with.'],
];

/** Variables that are read. */
export const ENVIRONMENT: Entry[] = [
  ['MESIBO_RUN_DIR', 'The run directory, where --run-dir does not say it.'],
  ['MESIBO_STATE_DIR', 'The state directory, where --state-dir does not say it.'],
  [
    'NODE_EXTRA_CA_CERTS',
    'At start: a file of certificates that https requests of modules trust besides those of Node.',
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
  ['mesibo-modules try module_filter.so --conf blocked_words=darn "oh darn"', 'What a module does with a message.'],
  ['mesibo-modules check mesibo.conf', 'Whether a configuration and its modules are good.'],
  ['mesibo-modules start --config mesibo.conf --daemon', 'A core in the background.'],
  ['mesibo-modules status --watch', 'How it fares.'],
  ['mesibo-modules reload', 'Takes what has changed since, without losing a message.'],
  ['mesibo-modules logs filter -f', 'What a module logs.'],
  ['mesibo-modules stop filter && mesibo-modules start filter', 'Takes a module out, and brings it back.'],
];
