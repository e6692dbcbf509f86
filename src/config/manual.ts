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
    what: 'The file of the module, a shared object. Relative paths are relative to the folder of the configuration file. Without `path`, the core looks in `module_dir`.',
    example: '/usr/lib64/mesibo/mesibo_filter.so',
  },
  abi: {
    what: 'The ABI that the module was built against. `auto` finds it from the file. A module that was built with `mesibo/module.h` has a note that says it. For other files the imports say it. When the file does not tell, the core tries one ABI after the other, each in a process of its own. `mesibo-modules check` says what it found, and how.',
    example: 'exports-2019',
  },
  on_failure: {
    what: 'The verdict when the module cannot give one: `pass` lets the message through, `consume` drops it.',
    example: 'consume',
  },
  deadline: {
    what: 'How long a message may take here, the wait in the queue included. After that it gets the verdict of `on_failure`. What the module answers later is discarded and counted as late. What it sent is still delivered.',
    example: '250ms',
  },
  hang: {
    what:
      'When a callback runs longer, its process counts as hung: it is killed and replaced. Some seconds before, the core looks ' +
      'where it is, which holds it up for a moment. Set `off` while you debug.',
    example: '2s',
  },
  start_timeout: {
    what: 'How long the module may take to be ready. When `abi` is found by trials, this holds for each trial.',
    example: '30s',
  },
  window: { what: 'How many messages the process of the module gets at a time.', example: '16' },
  queue: {
    what: 'How many more messages may wait. Statuses, logins and calls have a queue of their own, of the same size. A host takes turns between the two.',
    example: '1000',
  },
  overload: {
    what: 'When the queue is full, a new message gets the default verdict at once, or after the earlier messages of its conversation. With `wait` it waits instead, until its deadline. The sender then waits too.',
    example: 'wait',
  },
  backoff: {
    what: 'The wait before a restart. The first restart is immediate. Then the wait doubles from the first duration up to the second. After a minute of health it begins again.',
    example: '1s to 5m',
  },
  max_crashes: {
    what: 'After more crashes than this, the module is given up for a while: its messages pass it by, or are dropped with `on_failure = consume`. It is tried again after 30 s, then less and less often, up to every 10 minutes. `off` never gives up.',
    example: '3 in 10m',
  },
  quarantine: {
    what: 'A message that ended the process of the module so many times is not given to this build of the module again. It gets the verdict of `on_failure`, with the reason `quarantine`. This holds for messages that already wait, too. [Messages that kill a module](operating.md#messages-that-kill-a-module) has the whole of it. `off` gives such messages again.',
    example: '3',
  },
  quarantine_ttl: {
    what: 'How long such a message is withheld, from the last crash on. After that the module gets it again.',
    example: '168h',
  },
  stop_timeout: {
    what: 'How long each step of a stop may take: first the module finishes what it holds, then it exits when asked. A module that takes longer is killed.',
    example: '20s',
  },
  log_rate: {
    what: 'How many lines a second are kept. This holds for what the module logs, for its stdout and for its stderr, each on its own. `off` keeps all.',
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
    what: 'Whether a crash leaves a core file. `on` raises the limit as far as the system lets the core. `inherit` leaves it as the core has it.',
    example: 'on',
  },
  crash_body: {
    what: 'Which bodies of messages a crash card keeps, so that the crash can be replayed. `last` keeps the body of the message that the module was executing. `all` keeps those of the last 16 calls, and `no` keeps none. They are in a file that only the user of the core can read.',
    example: 'no',
  },
  static_tls: {
    what: 'Room for thread-local storage that a library wants in every thread from the start. The error `cannot allocate memory in static TLS block` asks for more of it.',
    example: '16KiB',
  },
  sha256: {
    what: 'The SHA-256 that the file must have, as `sha256sum` prints it. Another file is not loaded. The process checks it on the file that it has opened, right before it loads it. With `any` there is no check. A file that the configuration pins changes only together with the configuration.',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
  max_rss: {
    what: 'A process that has more than this in memory is replaced as with `max_messages`, at most once a minute. Use it for a module that leaks slowly. The core looks once a second. `limits { memory }` is the hard limit.',
    example: '512MiB',
  },
  chain_sends: {
    what: 'Whether a message that the module sends goes through the other modules first, in the order of the chain. They may change or consume it. With `no` a server gets it as it is. When modules answer each other without end, after eight rounds the core stops this: it gives the next message to the server directly.',
    example: 'yes',
  },
  shadow_of: {
    what: 'The module that this one shadows. [A shadow](shadow.md) sees every event that the other module gets, but it is not in the chain: its verdicts, changes and messages are recorded and not applied. Use it to try a new version on live traffic. `none` means that the module is in the chain.',
    example: 'filter',
  },
  shadow_http: {
    what: 'Whether a shadow may make http requests. With `no` they are refused: `mesibo_http` returns -1. Set `yes` only if the server on the other side may see each request twice. It has no effect in a module that is no shadow.',
    example: 'yes',
  },
  watch: {
    what: "Whether the core reloads the module by itself when its file changes. The core waits until the file is whole, and does what `mesibo-modules reload NAME` does, with the settings in use. When the new file does not load, the old process goes on, and the log says why. [Replacing a module's file](operating.md#replacing-a-modules-file) has the whole of it.",
    example: 'yes',
  },
  probation: {
    what: 'How long the old process is kept after a reload has replaced it. It gets no messages meanwhile. When the new process crashes, hangs or cannot be reached in this time, the old one takes over again, with its settings and its build. A callback has three quarters of `deadline` in this time, but at least 500ms, so that the messages behind it can still be answered. Only the message that the new process worked on gets a default verdict. `mesibo-modules reload` waits for the end of this time. [Reload with probation](operating.md#reload-with-probation) has the whole of it.',
    example: '10s',
  },
  replicas: {
    what:
      'How many processes share the work. `auto` makes one for each CPU. Each process has its own queue. A conversation stays ' +
      'with one process, so its messages keep their order. When a process ends, only its own conversations go to others.',
    example: 'auto',
  },
  sticky: {
    what:
      'Whether a conversation stays with one process of several. With `no` each message goes to the process that has the least ' +
      'to do. Use it for a module that remembers nothing between two messages. The messages of a conversation keep their order ' +
      'either way.',
    example: 'no',
  },
  broadcast: {
    what:
      'What all processes of a module get: `login`, `call`, or both. Otherwise one of them gets it. The verdict is that of the ' +
      'process that would have got it alone.',
    example: 'login, call',
  },
  max_messages: {
    what:
      'After so many messages a process is replaced. Another one starts beside it and takes over when it is ready. Then the old ' +
      'one finishes what it holds, and ends. No message is lost. Use it for a module that gets slower or larger with time. The ' +
      'old process goes on until the new one is ready, so it may answer more. Of several processes one is replaced at a time. ' +
      'Some are replaced up to a tenth earlier, so that they do not all come at once.',
    example: '1000000',
  },
  max_age: {
    what: 'A process that has served for so long is replaced as with `max_messages`, also without messages.',
    example: '24h',
  },
};

/** Of each key in `limits { }`, in the order of `LIMIT_KEYS`. */
export const LIMITS_MANUAL: Readonly<Record<string, SettingManual>> = {
  memory: {
    what: 'The memory of the process and of all that it starts. The core uses a control group where it may make one. Elsewhere it limits private memory (`RLIMIT_DATA`) and looks at the memory in use (RSS) twenty times a second: this holds for each process by itself. A process that reaches the limit is ended and replaced. A process needs about 50 MiB by itself.',
    example: '256MiB',
  },
  nofile: {
    what: 'How many files, sockets and pipes the process may have open. It needs about 30 by itself.',
    example: '1024',
  },
  nproc: {
    what: 'How many processes and threads there may be. The process itself has about 12 threads. The core uses a control group where it may make one. Elsewhere the system counts everything of the same user (`RLIMIT_NPROC`), so give the module a user of its own with `sandbox { user }`. The system does not limit root in that way: then `check` reports an error.',
    example: '64',
  },
  core: {
    what: 'How large a core file may become. With `0` there is none, whatever `core_files` says.',
    example: '256MiB',
  },
};

/** Of each key in `sandbox { }`, in the order of `SANDBOX_KEYS`. */
export const SANDBOX_MANUAL: Readonly<Record<string, SettingManual>> = {
  user: {
    what: 'The user that the process runs as, by name or number. It gets the groups of that user and loses all rights of root. The core must run as root for that. The user must be able to read the file of the module and everything that it needs. Needs `setpriv`.',
    example: 'mesibo-filter',
  },
  no_new_privs: {
    what: 'Whether no program that the module starts can gain rights, as `sudo` and `postdrop` do. We recommend `yes` for each module that starts no such program. Needs `setpriv`.',
    example: 'yes',
  },
  network: {
    what: 'With `none` the module has no network: no `connect`, no `mesibo_http`, not even to this machine. Sockets in the file system still work, if the module can see them. A module that runs as root loses the special rights of root (capabilities); files that belong to root are still its own, so better give it a `user`. Needs `unshare`, as root also `setpriv`, or `bwrap` together with `filesystem`.',
    example: 'none',
  },
  filesystem: {
    what: 'With `read-only` the module sees all files except the run directory, which has the sockets of the core. It can write only in its working directory, in `/tmp` and in `/dev/shm`. These two are its own. With `private` it also sees only what a program needs to run. That is the system folders such as `/usr` and `/lib`, a few files of `/etc`, the folder of its own file, and its working directory. Both also turn on `no_new_privs`. A module that runs as root loses the special rights of root (capabilities): it cannot read what another user has closed to others. Needs `bwrap`.',
    example: 'private',
  },
};

/** Of each key in `match { }`, in the order of `MATCH_KEYS`. */
export const MATCH_MANUAL: Readonly<Record<string, SettingManual>> = {
  events: {
    what: 'The kinds of events. `call` stands for a call and for the status of a call. What no module wants, servers need not send.',
    example: 'message, login',
  },
  from: {
    what: 'The address of who wrote the message or logged in. An address that is not set is empty: `?*` asks for one that is set.',
    example: 'alice, *@chat.example, !bot-*',
  },
  to: { what: 'The address that the message is for.', example: 'helpdesk' },
  group: {
    what: 'The id of the group. It is 0 outside of groups. So `1-` and `!0` stand for every group.',
    example: '100-199, 4711',
  },
  type: { what: 'The type of the message.', example: '0, 5-9' },
  flags: {
    what: 'The flags of the message, or of the user who logs in. A number stands for the events that have all of its bits. `0x1/0x3` stands for those that have, of the bits `0x3`, exactly `0x1`. `0` stands for those without any flag.',
    example: '0x4, !0x1',
  },
  text: {
    what: 'The payload of the message. It is compared as bytes, whether it is text or not. An empty payload fits `*`.',
    example: '*help*, [Hh]ello*',
  },
  sample: {
    what: 'How many of all conversations the module gets. These are the same in each run of each core, in both directions, with their statuses. `5%` has all conversations of `1%` and more. For a login the conversation is its address. Calls are always in the sample, because nothing tells them apart.',
    example: '0.5%',
  },
};

/** Of each key outside of blocks, in the order of `CORE_KEYS`. */
export const CORE_MANUAL: Readonly<Record<string, SettingManual>> = {
  module_dir: {
    what: 'Where the core looks for a module without a `path`. In each directory it looks for `mesibo_NAME.so`, `mesibo_mod_NAME.so`, `module_NAME.so` and `NAME.so`.',
    example: '/opt/modules:/usr/lib64/mesibo',
  },
  max_message: { what: 'The largest message. A larger one is refused.', example: '256KiB' },
  black_box: {
    what: 'The memory that records what a module does, so that nothing of it is lost when the module dies. Each process has one, in `/dev/shm`. During messages of 8 KiB or more it may take twice as much memory. It must be at least three times `max_message`.',
    example: '16MiB',
  },
  queue_memory: { what: 'The memory that waiting messages may hold, for each module.', example: '256MiB' },
  heartbeat: {
    what: 'How often an idle process is asked for a sign of life. A process that misses ten in a row is killed and replaced.',
    example: '5s',
  },
  chain_deadline: { what: 'The longest that all modules together may take over one message.', example: '2s' },
  on_event: {
    what: 'A program that the core runs on crashes and failed reloads. [Its environment says what happened](operating.md#being-told). With `off` no program runs. Relative paths are relative to the folder of the file.',
    example: '/etc/mesibo/tell-operator',
  },
  gateway: {
    what: 'The socket where [chat servers connect](gateway.md). With `auto` it is `gateway.sock` in the run directory. With `off` there is none. Relative paths are relative to the folder of the file.',
    example: '/run/chat/gateway.sock',
  },
  gateway_group: {
    what: 'The group whose members may connect to the `gateway`, by its name or number. The user of the core must be a member too. With `none` only the user of the core and root may connect. [Coupling a server](gateway.md#who-may-connect) shows how to use it.',
    example: 'mesibo-modules',
  },
  http: {
    what: 'Where the core [answers over HTTP](http.md): `HOST:PORT` such as `127.0.0.1:7780`, `[V6]:PORT`, or `unix:PATH`. With port 0 the system chooses a port, and `status` shows it. With `off` there is no HTTP. An address with a port needs `http_token`. Relative paths are relative to the folder of the file.',
    example: 'unix:/run/chat/http.sock',
  },
  http_token: {
    what: 'The file with the token that every request of HTTP carries. Its first line is the token, of at least 16 bytes. The file belongs to the user of the core or to root and has the mode 0600. With `none` no token is asked for, which only `http = unix:PATH` may have. A reload reads the file again.',
    example: '/etc/mesibo/http.token',
  },
  webhook: {
    what: 'A URL where the core [posts what modules send](webhook.md), `http` or `https`. Needs `webhook_secret`. With `off` nothing is posted.',
    example: 'https://chat.example/hooks/modules',
  },
  webhook_secret: {
    what: 'The file whose first line signs what is posted. Only its owner may read it: the user of the core, or root. Relative paths are relative to the folder of the file. [The webhook](webhook.md#is-it-from-your-core) says how to check a signature.',
    example: '/etc/mesibo/webhook.secret',
  },
  webhook_timeout: {
    what: 'How long the server of the `webhook` may take to answer. After that the message is posted again.',
    example: '30s',
  },
  send_queue: {
    what: 'How many messages of modules may wait for a server. One module alone may have four fifths of them. Beyond that, `send_message` returns -1. [Operating](operating.md#what-modules-send) says where they wait.',
    example: '10000',
  },
  send_memory: {
    what: 'How many bytes of such messages may wait: their payloads and addresses. One module alone may have four fifths of them. Beyond that, `send_message` returns -1.',
    example: '256MiB',
  },
  send_ttl: {
    what: 'How long a message of a module may wait for a server. After that the module gets the status 0x80 for it.',
    example: '10m',
  },
  log_size: { what: 'A log file is rotated when it would grow past this.', example: '10MiB' },
  log_keep: { what: 'How many rotated files are kept of each log.', example: '2' },
  spare_hosts: {
    what: 'How many processes wait without a module. When a module crashes, one of them becomes its next process, and the module serves again within milliseconds. All modules share them, except modules whose process must start in another way: with another `static_tls`, or with another value of a variable such as `LD_LIBRARY_PATH`, `LC_ALL` or `TZ`. Each such group has this many of its own. A waiting process takes about 10 MiB and its `black_box`. With `0` none wait.',
    example: '0',
  },
};
