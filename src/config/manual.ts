/** What each setting is for, in words: what `docs/configuration.md` is made from, with the schema. */

/** One setting. */
export interface SettingManual {
  /** What it does, in sentences. */
  what: string;
  /** A value that somebody may want, as it is written. */
  example: string;
}

/** Of each key in the block of a module, in the order of `MODULE_KEYS`. */
export const MODULE_MANUAL: Readonly<Record<string, SettingManual>> = {
  path: {
    what: 'The shared object. Relative paths are relative to the folder of the file. Without it, the module is looked for in `module_dir`.',
    example: '/usr/lib64/mesibo/mesibo_filter.so',
  },
  abi: {
    what: 'What the module was built against. `auto` finds it from the symbols of the file and, where they do not tell, by trials, each in a process of its own; `mesibo-modules check` says what it found, and how.',
    example: 'exports-2019',
  },
  on_failure: {
    what: 'The verdict when the module cannot give one: `pass` lets the message through, `consume` drops it.',
    example: 'consume',
  },
  deadline: {
    what: 'How long a message may take here, the wait in the queue included, before it gets that verdict. What the module says later is discarded and counted as late; what it sent is still delivered.',
    example: '250ms',
  },
  hang: {
    what: 'A callback that runs longer is taken for hung: its process is killed and replaced. `off` while debugging.',
    example: '2s',
  },
  start_timeout: {
    what: 'How long the module may take to be ready; where `abi` is found by trials, each of them.',
    example: '30s',
  },
  window: { what: 'How many messages its process is given at a time.', example: '16' },
  queue: {
    what: 'How many more messages may wait. Statuses, logins and calls have places of their own, as many; a host takes turns between the two.',
    example: '1000',
  },
  overload: {
    what: 'What a message gets that finds the queue full: its default verdict at once, or with `wait` a place in line until its deadline, which slows whoever sends.',
    example: 'wait',
  },
  backoff: {
    what: 'The wait before a restart. The first is immediate; then it doubles from the one to the other, and begins anew after a minute of health.',
    example: '1s to 5m',
  },
  max_crashes: {
    what: 'More crashes than this, and the module is bypassed and tried again every 30 s. `off` never gives up.',
    example: '3 in 10m',
  },
  stop_timeout: {
    what: 'How long it may take to finish what it holds, and then to exit when asked, before it is killed.',
    example: '20s',
  },
  log_rate: {
    what: 'How many lines a second are kept of what it logs, of its stdout and of its stderr, each. `off` keeps all.',
    example: '100',
  },
  directory: {
    what: "The working directory of the module's process. It must exist. With `own` the module has [a lasting one of its own](surroundings.md#the-working-directory). Relative paths are relative to the folder of the file.",
    example: '/var/lib/translate',
  },
  pass_env: {
    what: "Variables of the core's environment that the module sees too, with commas between them. `LC_*` stands for all that begin with `LC_`. [Some are passed on anyway](surroundings.md#environment-variables).",
    example: 'TRANSLATE_KEY, SSL_CERT_*',
  },
  umask: {
    what: 'The permissions that files of the module do not get, in octal digits. With `inherit` it is the umask of the core.',
    example: '027',
  },
  core_files: {
    what: "Whether a crash leaves a core file. `on` raises the limit as far as the system lets the core; `inherit` leaves it at the core's.",
    example: 'on',
  },
  static_tls: {
    what: 'Room for thread-local storage that a library wants in every thread from the start. The error `cannot allocate memory in static TLS block` asks for more of it.',
    example: '16KiB',
  },
  replicas: { what: 'How many processes share the work; this version runs one.', example: '1' },
};

/** Of each key outside of blocks, in the order of `CORE_KEYS`. */
export const CORE_MANUAL: Readonly<Record<string, SettingManual>> = {
  module_dir: {
    what: 'Where a module without a `path` is looked for: in each directory as `mesibo_NAME.so`, `mesibo_mod_NAME.so`, `module_NAME.so` and `NAME.so`.',
    example: '/opt/modules:/usr/lib64/mesibo',
  },
  max_message: { what: 'The largest message. A larger one is refused.', example: '256KiB' },
  black_box: {
    what: 'The memory that records what a module does, so that nothing of it is lost when the module dies: one for each process, in `/dev/shm`, at least three times `max_message`.',
    example: '16MiB',
  },
  queue_memory: { what: 'The memory that messages may hold that wait for one module.', example: '256MiB' },
  heartbeat: {
    what: 'How often an idle process is asked for a sign of life; one that misses ten in a row is killed and replaced.',
    example: '5s',
  },
  chain_deadline: { what: 'The longest that all modules together may take over one message.', example: '2s' },
  on_event: {
    what: 'A program that is run on crashes and failed reloads, [with what happened in its environment](operating.md#being-told); `off`: none. Relative paths are relative to the folder of the file.',
    example: '/etc/mesibo/tell-operator',
  },
  log_size: { what: 'A log file is rotated when it would grow past this.', example: '10MiB' },
  log_keep: { what: 'How many rotated files are kept of each.', example: '2' },
};
