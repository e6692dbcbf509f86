/** docs/metrics.md, made from the catalogue: pure. */

import { PREFIX } from '../../src/metrics/catalogue.js';
import { CORE_METRICS } from '../../src/metrics/of-core.js';
import { MODULE_METRICS } from '../../src/metrics/of-modules.js';
import { SENDS_METRICS } from '../../src/metrics/of-sends.js';
import type { MetricDefinition } from '../../src/metrics/types.js';

/** The page. */
export function metricsPage(): string {
  return [
    '<!-- Made by "npm run docs" from cli/reference/metrics-page.ts and src/metrics; change those. -->',
    HEAD,
    '### Modules and their processes',
    '',
    ...table(MODULE_METRICS),
    '### What modules send, and servers',
    '',
    ...table(SENDS_METRICS),
    '### The core',
    '',
    ...table(CORE_METRICS),
    FOOT,
  ].join('\n');
}

function table(metrics: readonly MetricDefinition[]): string[] {
  const rows = metrics.map(({ name, type, labels, help }) => {
    const shown = labels.filter((label) => label !== 'le').map((label) => `\`${label}\``);
    return `| \`${PREFIX}${name}\` | ${type} | ${shown.join(', ')} | ${help.replaceAll('_', '\\_')} |`.replaceAll(
      '|  |',
      '| |',
    );
  });
  return ['| name | type | labels | |', '| --- | --- | --- | --- |', ...rows, ''];
}

const HEAD = `# Metrics

A core tells Prometheus how it and its modules are. The figures stand at \`/metrics\` of [HTTP](http.md), which is off until you turn it on.

## Turn it on

The configuration needs an address, and a file with a token:

\`\`\`
http = 127.0.0.1:7780
http_token = http.token

module filter {
    path = modules/build/module_filter.so
    blocked_words = heck
}
\`\`\`

Make the token, start the core, and look at a figure:

\`\`\`sh
(umask 077; head -c 24 /dev/urandom | base64 > http.token)
(umask 077; echo "Authorization: Bearer $(cat http.token)" > http.header)
npx mesibo-modules start --config mesibo.conf --daemon
npx mesibo-modules send --from alice --to bob "what the heck"
curl -sS -H @http.header http://127.0.0.1:7780/metrics | grep ^mesibo_modules_messages_total
\`\`\`

Each line is one series, with its value:

\`\`\`
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="none"} 0
mesibo_modules_messages_total{module="filter",verdict="consumed",default_reason="none"} 1
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="crash"} 0
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="hang"} 0
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="deadline"} 0
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="down"} 0
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="overload"} 0
\`\`\`

## Let Prometheus read it

Three files are in the package. \`npm root --global\` prints where npm has put it.

| file | |
| --- | --- |
| [\`etc/prometheus/prometheus.yml\`](../etc/prometheus/prometheus.yml) | what to put into your \`prometheus.yml\`: where the core is, and the file with its token |
| [\`etc/prometheus/mesibo-modules.rules.yml\`](../etc/prometheus/mesibo-modules.rules.yml) | alerts; put it beside your \`prometheus.yml\` |
| [\`etc/grafana/mesibo-modules.json\`](../etc/grafana/mesibo-modules.json) | a dashboard; import it in Grafana, under Dashboards, New, Import |

Prometheus runs as another user than the core. Give it a copy of the token in a file that its user can read. The core reads its own file.

Check the rules before you use them:

\`\`\`sh
promtool check rules etc/prometheus/mesibo-modules.rules.yml
\`\`\`

## Alerts

| severity | |
| --- | --- |
| \`critical\` | Messages are not filtered, or are lost, now: a module was given up or does not serve, the core is down or starts again and again, messages of modules were given up. |
| \`warning\` | Look at it today: crashes, default verdicts, a slow module, a full queue, messages that wait, a core that is late or short of descriptors. |
| \`info\` | Somebody may have forgotten it: a module has been stopped for an hour. |

Each alert says what to type next. An alert ends by itself when its cause is gone. Two of them need time for that: those for crashes and for
lost messages look back 15 minutes.

## What to know

- **Counters never go backwards** while a core runs. \`mesibo-modules reset\` sets the counters of \`status\` to 0, and leaves these as they
  are. A reload changes none. The series of a module that you remove go away. When you add the module again, they go on where they were.
  After a restart of the core all counters begin at 0, as Prometheus expects.
- **A message counts once for each module** that it was offered to. So with three modules there are up to three verdicts for one message.
- **The number of series is bounded.** A module has about 60 series, the core about 50. The first 64 names of servers that connect have series
  of their own. A name that no server has had for an hour gives its place back. All other names share \`server="(others)"\`.
- **CPU of processes that have ended** is counted as far as a scrape or \`status\` saw it. What a process used after the last look is not in it.
  Programs that a module starts are not in it either.
- **Cost.** A message costs what it cost before, and a few comparisons for the histogram. Everything else is looked up at a scrape. A scrape
  lets other work go on every 2 ms. With 100 modules a scrape took 26 ms of CPU on a machine whose two processors were busy with other work. \`test/e2e/metrics/many-modules.test.ts\` measures it.
- **While a core starts** it answers scrapes before its modules are ready. When it begins to stop, it takes no new ones.
- **The event loop** is watched only while \`http\` is on, by a timer that runs ten times a second.

## In a program

A program that [embeds](embedding.md) a core may answer scrapes itself. \`core.metrics()\` gives the page. It needs no \`http\`.

## All metrics
`;

const FOOT = `All times are in seconds and all sizes in bytes, whatever the configuration says.
`;
