/** docs/configuration.md, made from the schema: pure. */

import { CORE_MANUAL, MODULE_MANUAL, type SettingManual } from './manual.js';
import { CORE_KEYS, coreSettings, describeExpected, type KeyRule, MODULE_KEYS, moduleSettings } from './schema.js';

/** The page. */
export function configurationPage(): string {
  return [
    '<!-- Made by "npm run docs" from src/config; change that. -->',
    HEAD,
    '## Settings of a module',
    '',
    "These go into the block of the module. Any other key is the module's own, and reaches it unchanged.",
    '',
    ...settings(MODULE_KEYS, MODULE_MANUAL, moduleSettings.shape, moduleSettings.parse({})),
    '## Settings of the core',
    '',
    'These go outside of every block.',
    '',
    ...settings(CORE_KEYS, CORE_MANUAL, coreSettings.shape, coreSettings.parse({})),
    FOOT,
  ].join('\n');
}

function settings<T>(
  keys: Readonly<Record<string, KeyRule<T>>>,
  manual: Readonly<Record<string, SettingManual>>,
  shape: Parameters<typeof describeExpected>[0],
  defaults: T,
): string[] {
  return Object.entries(keys).flatMap(([key, { field, format }]) => {
    const { what, example } = manual[key] as SettingManual;
    const expected = describeExpected(shape, field).replace(/^expected /, '');
    const otherwise = format(defaults);
    return [
      `### ${key}`,
      '',
      what,
      '',
      `- default: ${otherwise === '' ? 'none' : `\`${otherwise}\``}`,
      `- may be: ${expected}`,
      `- example: \`${key} = ${example}\``,
      '',
    ];
  });
}

const HEAD = `# The configuration

The configuration is one file, \`/etc/mesibo/mesibo.conf\` unless \`--config\` names another. It has the form that the server of the modules reads.
[\`etc/mesibo.conf\`](../etc/mesibo.conf) is an example with every setting. \`mesibo-modules check\` says what is wrong with a file,
and where, without touching a running core.

\`\`\`
# The order of the modules is the order in which they see each message.
max_message = 256KiB

module filter {
    path = /usr/lib64/mesibo/mesibo_filter.so
    deadline = 250ms            # ours
    blocked_words = darn,heck   # the module's own
}

module translate {
    on_failure = pass ; hang = 2s
    config {
        deadline = tomorrow     # the module's own too, although we have one of that name
        greeting = "Hello; # and { \\"more\\" }"
    }
    env {
        HTTPS_PROXY = http://proxy.example:3128
    }
}

module = autoreply
\`\`\`

- \`key = value\`: the value is the rest of the line, without the white space around it.
- The value ends before \`#\`, \`/*\`, \`;\` or \`}\` after white space. In quotes these are part of the value,
  and \`\\"\`, \`\\\\\`, \`\\n\` and \`\\t\` are a quote, a backslash, a line feed and a tab.
- \`;\` separates several settings in a line. \`#\` begins a comment, at the start of a line or after white space. \`/* */\` may stand
  between any two things and go over lines.
- \`module = NAME\` is a module without settings. Use each name once. It is the name in the module's \`mesibo_module_NAME_init\`.
- \`env { }\` sets [environment variables](surroundings.md#environment-variables) of the module's process.
- When a setting is there twice, the last one counts, with a warning. You also get a warning for a name that is nearly the name of a
  setting on this page, and for an unknown setting outside of blocks. With \`--strict\` warnings are errors.
- Durations: \`500ms\`, \`2s\`, \`1m\`, \`1h\`. Sizes: \`64KiB\`, \`8MiB\`, \`1GiB\`, or bytes. Rates: \`5 in 60s\`. Ranges: \`100ms to 30s\`.

\`mesibo-modules describe NAME\` shows the settings in use, and where each came from.
`;

const FOOT = `## Changing it while the core runs

\`mesibo-modules reload\` reads and checks the file. It takes the file [all or nothing](operating.md#changing-things-while-it-runs):

| what changed | what happens |
| --- | --- |
| \`path\`, the file itself, \`abi\`, \`hang\`, \`window\`, \`log_rate\`, its surroundings, or the module's own settings | a new process takes over |
| any other setting of a module; \`queue_memory\`, \`chain_deadline\`, \`heartbeat\`, \`on_event\`, \`module_dir\`, \`log_size\`, \`log_keep\`, \`spare_hosts\` | it holds from then on |
| modules that are new, gone, or in another order | they are added, removed, and put in order |
| \`max_message\`, \`black_box\` | the reload says that it needs a restart of the core |
`;
