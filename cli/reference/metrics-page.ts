/** docs/metrics.md, made from the catalogue: pure. */

import { PREFIX } from '../../src/metrics/catalogue.js';
import { CORE_METRICS } from '../../src/metrics/of-core.js';
import { MODULE_METRICS } from '../../src/metrics/of-modules.js';
import { SENDS_METRICS } from '../../src/metrics/of-sends.js';
import { SHADOW_METRICS } from '../../src/metrics/of-shadows.js';
import type { MetricDefinition } from '../../src/metrics/types.js';

/** The page. */
export function metricsPage(): string {
  return [
    '<!-- Made by "npm run docs" from cli/reference/metrics-page.ts and src/metrics; change those. -->',
    HEAD,
    '### Modules and their processes',
    '',
    ...table(MODULE_METRICS),
    '### Shadows',
    '',
    'Only a [shadow](shadow.md) has these. The label `module` names the shadow.',
    '',
    ...table(SHADOW_METRICS),
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

A core has figures for Prometheus: about itself, its modules, and the servers that are connected. This page turns them on, has Prometheus
read them, and lists all of them. The figures are at \`/metrics\` of the core's [HTTP](http.md) address.

## Turn it on

HTTP is off by default. To turn it on, set an address and a file with a token:

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
mesibo_modules_messages_total{module="filter",verdict="pass",default_reason="quarantine"} 0
\`\`\`

## Let Prometheus read it

The package has three files for this. \`npm root --global\` prints the folder that npm installs packages in.

| file | |
| --- | --- |
| [\`etc/prometheus/prometheus.yml\`](../etc/prometheus/prometheus.yml) | lines for your \`prometheus.yml\`: the address of the core, and the file with its token |
| [\`etc/prometheus/mesibo-modules.rules.yml\`](../etc/prometheus/mesibo-modules.rules.yml) | alerts; put it beside your \`prometheus.yml\` |
| [\`etc/grafana/mesibo-modules.json\`](../etc/grafana/mesibo-modules.json) | a dashboard; import it in Grafana, under Dashboards, New, Import |

Prometheus runs as another user than the core. So give it a copy of the token, in a file that its user can read.

Check the rules before you use them:

\`\`\`sh
promtool check rules etc/prometheus/mesibo-modules.rules.yml
\`\`\`

## Alerts

| severity | |
| --- | --- |
| \`critical\` | Act now: messages are not filtered, or are lost. A module was given up or does not serve, the core is down or starts again and again, or messages of modules were given up. |
| \`warning\` | Look at it today: crashes, default verdicts, a slow module, a full queue, replicas that are down, a reload that was taken back, a fast leak, waiting messages, a core that is late or short of descriptors. |
| \`info\` | Maybe it was forgotten: a module has been stopped for an hour, or a shadow does not see what it should. |

Each alert says what to type next. An alert ends by itself when its cause is gone. The alerts for crashes and for lost messages look back 15
minutes, so they end later.

## What to know

- **Counters never go backwards** while a core runs. \`mesibo-modules reset\` sets the counters of \`status\` to 0, but not these. A reload
  changes none. When you remove a module, its series end. When you add it again, they continue with the old values. After a restart of
  the core all counters begin at 0, as Prometheus expects.
- **A message counts once for each module** that it was offered to. So with three modules there are up to three verdicts for one message.
- **The number of series is bounded.** A module has about 70 series. With several replicas it has four more for each, and a shadow has eight
  more. The core has about 50. The first 64 names of servers have series of their own. A name that no server has had for an hour frees its
  place. All other names share \`server="(others)"\`.
- **CPU time of a process** is read at each scrape and each \`status\`. When a process ends, the time since the last reading is not
  counted. Programs that a module starts are not counted either.
- **Cost.** For each message, the core makes a few comparisons for the histogram. It reads everything else at a scrape. During a scrape,
  other work goes on every 2 ms. With 100 modules a scrape took 26 ms of CPU, on a machine whose two processors were busy with other work.
  \`test/e2e/metrics/many-modules.test.ts\` measures it.
- **While a core starts,** it answers scrapes before its modules are ready. When it begins to stop, it takes no new ones.
- **The lag of the event loop** is measured only while \`http\` is on, by a timer that runs ten times a second.

## In a program

A program that [embeds](embedding.md) a core can answer scrapes itself. \`core.metrics()\` returns the page. It works without \`http\`.

## All metrics
`;

const FOOT = `All times are in seconds and all sizes in bytes, whatever the configuration says.
`;
