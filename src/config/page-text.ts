/** What docs/configuration.md says before its reference, in words. */

/** The beginning of the page. */
export const HEAD = `# The configuration

You write one text file. It says which modules run, in which order, and with which settings. The core reads
\`/etc/mesibo/mesibo.conf\`; with \`--config FILE\` it reads another file.

- [Write a file](#write-a-file), [our settings and the module's own](#our-settings-and-the-modules-own), [values](#values)
- [Several files](#several-files): \`include\`
- [Variables and secrets](#variables-and-secrets): \`\${NAME}\`, \`@/path\`, what \`describe\` hides
- [Change it while the core runs](#change-it-while-the-core-runs)
- Reference: [settings of a module](#settings-of-a-module), [which events a module gets](#which-events-a-module-gets),
  [settings of the core](#settings-of-the-core)

## Write a file

This is a whole configuration, for one module:

\`\`\`
module filter {
    path = /usr/lib64/mesibo/mesibo_filter.so
    blocked_words = darn,heck
}
\`\`\`

1. \`filter\` is the name of the module. It is the NAME in \`mesibo_module_NAME_init\`, the function that the module exports.
2. \`path\` is its file. Without \`path\`, the core looks for the file in the folders of [\`module_dir\`](#module_dir).
3. All other settings have good defaults. You need none of them.

Check the file before you use it. This loads each module in a process that is thrown away. It does not touch a running core:

\`\`\`sh
mesibo-modules check mesibo.conf
\`\`\`

An error says the file, the line and the column, what is wrong, and what to write instead. [\`etc/mesibo.conf\`](../etc/mesibo.conf)
shows every setting with its default. The file has the form that the mesibo server reads: blocks of modules can be copied from there.

## Our settings and the module's own

A block holds two kinds of settings. Ours are on this page: \`path\`, \`deadline\`, \`hang\` and so on. Every other setting is the module's
own. The module gets it unchanged.

\`\`\`
# Messages go through the modules in the order of this file.
max_message = 256KiB

module filter {
    path = /usr/lib64/mesibo/mesibo_filter.so
    deadline = 250ms            # ours
    blocked_words = darn,heck   # the module's own
}

module translate {
    on_failure = pass ; hang = 2s
    config {
        deadline = tomorrow     # the module's own, although it has the name of one of ours
        greeting = "Hello; # and { \\"more\\" }"
    }
    env {
        HTTPS_PROXY = http://proxy.example:3128
    }
}

module = autoreply
\`\`\`

- Settings outside of blocks are for the core, such as \`max_message\`.
- \`config { }\` holds settings of the module that have the name of one of ours.
- \`env { }\` sets [environment variables](surroundings.md#environment-variables) of the module's process.
- \`module = NAME\` is a module without settings.
- The name of a module has 1 to 64 of the characters A-Z a-z 0-9 _. Use each name once.

When you set one of our settings twice, the last one counts, and you get a warning. A setting of the module's own is passed on as often
as it stands there; most modules take the first. You get a warning for this too. You also get a warning when a name is nearly that of one
of our settings, when a setting outside of blocks is unknown, and when no module is configured. \`check --strict\` and
\`start --strict\` make errors of warnings.

## Values

The value is the rest of the line, without the white space around it.

| you want | write |
| --- | --- |
| a comment | \`# to the end of the line\`, or \`/* over lines */\`. \`#\` needs white space before it, or begins the line. |
| two settings in a line | \`hang = 2s ; queue = 10\`, with white space before the \`;\` |
| \`#\`, \`/*\`, \`;\` or \`}\` after white space in a value | quotes: \`"a # b"\` |
| a quote, a backslash, a line feed or a tab in a quoted value | \`\\"\`, \`\\\\\`, \`\\n\`, \`\\t\` |
| \`\${\` as it stands | \`$\${\` |
| a duration | \`500ms\`, \`2s\`, \`1m\`, \`1h\` |
| a range of durations | \`100ms to 30s\` |
| a size | \`64KiB\`, \`8MiB\`, \`1GiB\`, or a number of bytes |
| a rate | \`5 in 60s\` |

## Several files

\`include\` puts other files in its place. This file takes every file of a folder:

\`\`\`
max_message = 256KiB
include = conf.d/*.conf
\`\`\`

- The path is relative to the folder of the file that includes. So is every other relative path in a file, such as \`path\`. When the
  configuration is a symbolic link, this is the folder of the link.
- \`*\` stands for any characters but \`/\`, and \`?\` for one of them. The files come in the order of their names, byte by byte:
  \`10-filter.conf\` comes before \`20-translate.conf\`, and \`10-\` before \`9-\`.
- A name that begins with a dot is not taken by \`*\`, so that files of an editor stay out.
- You get a warning when no file fits a pattern, when its folder does not exist, and when an included file has no setting in it. A file
  that you name without \`*\` and \`?\` must exist. \`[\` and \`{\` are ordinary characters.
- A pattern leaves out folders that it finds and that cannot be read. You get a warning.
- Write \`include\` outside of blocks. Within a block it includes nothing: it goes to the module, as any other setting, and you get a
  warning.
- An included file may include more, up to 16 deep. A configuration has at most 1000 files, and 16 MiB in all.
- Each file is included once. Files that include each other are refused.
- Only regular files are read. Folders, pipes and devices are refused.

Errors, warnings and \`describe\` name the file and the line where a setting really stands. A \`reload\` reads all files again.

## Variables and secrets

A value may come from the environment, or from a file of its own:

\`\`\`
module translate {
    path = /usr/lib64/mesibo/mesibo_translate.so
    language = \${CHAT_LANGUAGE:-en}
    server = "https://\${TRANSLATE_HOST}/v1"
    api_key = @/etc/mesibo/translate.key
}
\`\`\`

**\`\${NAME}\`** is the variable NAME of the environment. It works in all values, in quotes too: in ours, in the module's own, in
\`env { }\` and in \`include\`. It does not work in names.

- \`\${NAME:-default}\` is the default when NAME is not set or empty. A default has no \`{\` and \`}\`.
- \`\${NAME}\` alone is an error when NAME is not set.
- The value of a variable, and a default, are plain text: \`\${\`, quotes and \`@\` in them mean nothing.
- In an \`@\` path and in \`include\`, a variable must not be empty.
- The environment is that of the process that reads the file. A core reads with the environment that it was started with, at a
  \`reload\` too. \`check\` reads with the environment of your shell. To change a variable, restart the core.

**\`@/path\`**, **\`@./path\`** and **\`@../path\`** stand for the content of a file, without the line break at its end and a
byte order mark at its beginning. The core reads the file at its start and at every \`reload\`.

- The file is a regular file of UTF-8 text, of at most 1 MiB. You get a warning when it is empty.
- \`@\${NAME}/file\` works as well. With \`LoadCredential=\` of systemd, write \`@\${CREDENTIALS_DIRECTORY}/NAME\`.
- Any other value with an \`@\`, such as \`@alice\`, is text. So is every value in quotes. You get a warning for text that begins with
  \`@\`, has a \`/\` in it and is not in quotes, such as \`@keys/bot.key\`: for a file, write \`@./keys/bot.key\`.
- \`http_token\` and \`webhook_secret\` take the path of a file. Write it without the \`@\`.

### What is hidden

\`mesibo-modules describe NAME\` shows the settings in use, and where each comes from. It shows \`(hidden)\` in the place of a secret:

- the value of a setting, or of a variable in \`env { }\`, whose name has a word such as \`password\`, \`secret\`, \`token\`, \`key\`,
  \`credential\` or \`auth\`: \`api_key\`, \`dbPassword\`, \`rootpw\`, \`AUTH_TOKEN\`. \`token_file\`, \`max_tokens\`, \`public_key\`,
  \`auth_url\` and the like are shown.
- a value from an \`@\` file, and a value with a variable of such a name
- within other values: the password in \`https://user:password@host\`, what follows such a name (\`token=...\`, \`"password": ...\`,
  \`--password ...\`) or \`Bearer\` or \`Basic\`, tokens of a known form, and a private key

When it is not clear where a secret ends, the rest of the value, or all of it, is hidden.

Add \`--reveal\` to see them. The core hides them itself: \`--json\`, the log and error messages do not have them either. An error of the grammar
says the place, and shows no word that may be a part of a value. The module gets
the real values. Its process and its core files have them, and what it logs is its own affair.

### Who can read it

When a file has a secret in it and every user of the machine can read the file, you get a warning. With \`--strict\` it is an error. This
holds for included files too. It holds for an \`@\` file when the name of its setting, or what is in it, says that it is a secret. Give the file to the user of the core, with the mode 0600, or let a closed folder keep
others out. \`0640\` is fine: the group may read.

## Change it while the core runs

\`mesibo-modules reload\` reads and checks the files. It takes [all or nothing](operating.md#changing-things-while-it-runs):

| what changed | what happens |
| --- | --- |
| \`path\`, the file itself, \`sha256\`, \`abi\`, \`hang\`, \`window\`, \`log_rate\`, its surroundings, \`limits { }\`, \`sandbox { }\`, or the module's own settings | a new process takes over |
| any other setting of a module, \`match { }\` too, and most settings of the core | it holds from then on |
| modules that are new, gone, or in another order | they are added, removed, and put in order |
| no module is left | nothing changes, and the reload says so; if you mean it, \`mesibo-modules stop NAME...\` them first |
| \`max_message\`, \`black_box\`, \`gateway\`, \`gateway_group\`, \`http\`; \`webhook\` when \`gateway\`, \`http\` and \`webhook\` were all \`off\` | the reload says that it needs a restart of the core |
`;

/** What stands before the settings of `match { }`. */
export const MATCH_HEAD = `They stand in \`match { }\`, in the block of the module. Without it the module gets every event that it has a callback for.
[Only some messages](operating.md#only-some-messages) shows how to use it.

\`\`\`
module helpdesk {
    match {
        events = message
        to = helpdesk, helpdesk-*
        text = *help*, *[Rr]efund*, !*unsubscribe*
    }
}
\`\`\`

An event must fit every key that you set. Each key is a list of patterns, with commas between them:

- An event fits a list when it fits one of the patterns, and none that has a \`!\` before it. When all patterns have a \`!\`, it fits
  unless it fits one of them.
- \`*\` stands for any bytes, also none. \`?\` stands for one byte. \`[abc]\` and \`[a-z]\` stand for one of these, \`[!a-z]\` for
  any other one. A letter beyond ASCII has 2 to 4 bytes.
- Capital letters count: \`[Hh]elp\` stands for both. A pattern stands for the whole text: write \`*help*\` for a word within it.
- \`\\\` before a character makes it an ordinary one: \`\\*\`, \`\\,\`, a \`\\!\` at the beginning. In a value in quotes, write \`\\\\\` for it.
- Write a list in quotes when white space and then \`#\`, \`/*\`, \`;\` or \`}\` stand in it, as in \`text = "/*"\`.
- Numbers are whole, up to 2^64-1, and may be written as \`0x1f\`. \`100-199\` is a range with both ends, \`1-\` has no upper end.
- A list has at most 256 patterns. A pattern has at most 256 bytes. The whole message is looked at, however long it is.
- Many words cost as much as one: a list of 256 such as \`*word*\` or \`*[Ww]ord*\` takes about 2.5 ms for a message of 1 MiB.
  The worst list that is allowed takes about 15 ms.
- A list that could take longer is refused. That happens when more than two or three patterns have some twenty \`?\` after a letter, with
  a star before and behind, as in \`*a????????????????????b*\`. It also happens to more than 16 KiB of words that have most of the 256
  bytes in them.

What an event does not have fits no pattern:

| | message | status | login | call |
| --- | --- | --- | --- | --- |
| \`from\` | yes | yes | the user | - |
| \`to\` | yes | yes | - | - |
| \`group\` | yes | yes | 0 | 0 |
| \`type\` | yes | yes | - | - |
| \`flags\` | yes | yes | of the user | - |
| \`text\` | yes | - | - | - |

So \`text = *help*\` leaves out statuses, logins and calls. \`text = !*help*\` lets them pass. You get a warning when no event at all
can fit.`;

/** What stands before the settings of `limits { }`. */
export const LIMITS_HEAD = `They stand in \`limits { }\`, in the block of the module. Each is \`inherit\` by default: the module may use as much as the core.

\`\`\`
module filter {
    limits {
        memory = 256MiB
        nofile = 256
    }
}
\`\`\`

A limit that this machine cannot keep is an error: of \`mesibo-modules check\`, and of the start of the module. The core never runs a
module with less than you asked for. When a process ends because it reached a limit, the log, \`status\` and the crash card name the
limit. A module with limits or a sandbox has no [spare processes](architecture.md), so a restart takes about 0.2 s.`;

/** What stands before the settings of `sandbox { }`. */
export const SANDBOX_HEAD = `They stand in \`sandbox { }\`, in the block of the module. What this machine cannot do is an error, as for limits.

\`\`\`
module filter {
    sandbox {
        user = mesibo-filter
        no_new_privs = yes
        network = none
        filesystem = private
    }
}
\`\`\``;
