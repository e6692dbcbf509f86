/**
 * `npm run bench`: measures what a message costs, here and with the alternatives; then figures that are not rates. Exit code 1
 * when a row failed, 2 for arguments that make no sense.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, isBusy, readMachine } from './machine.js';
import { type Options, readOptions, USAGE } from './options.js';
import { drawChart } from './output/chart.js';
import { type Run, toJson } from './output/json.js';
import { reportProfiles } from './output/profiles.js';
import { formatReport } from './output/report.js';
import { FULL_PACE, type Pace, PROFILE_PACE, QUICK_PACE } from './run/commands.js';
import { buildGoPlugin } from './run/go-plugin.js';
import { runRounds } from './run/rounds.js';
import { type Row, selectRows } from './run/rows.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const selected = selectRows({ ...options, oursOnly: options.profile !== null });
  if (selected.length === 0) {
    console.error(`no row that would run is called like ${options.pattern}`);
    return 2;
  }
  const rows = withoutGo(selected);
  if (rows.length === 0) return 1;
  const scratch = mkdtempSync(join(tmpdir(), 'mm-bench-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  // From a terminal, the signal also reaches the row that runs.
  process.on('SIGINT', () => process.exit(130));
  return bench(rows, options, scratch);
}

async function bench(rows: readonly Row[], options: Options, scratch: string): Promise<number> {
  const { rounds, quick, json, svg, profile } = options;
  const run: Run = { date: new Date().toISOString(), machine: readMachine(), rounds, quick };
  console.log(
    `${describeMachine(run.machine)}\n${rounds === 1 ? 'one round' : `medians of ${rounds} rounds (least-most)`}`,
  );
  if (isBusy(run.machine)) console.error('The machine is busy: do not trust these figures.');
  if (profile !== null) mkdirSync(profile, { recursive: true });
  let failures = 0;
  const samples = await runRounds(
    rows,
    { rounds, pace: paceOf(options), scratch, profile },
    {
      started: (row, round) => showProgress(`round ${round + 1} of ${rounds}: ${row.name}`),
      failed(row, round, why) {
        failures++;
        showProgress('');
        console.error(`round ${round + 1}: ${row.name} failed: ${why}`);
      },
    },
  );
  showProgress('');
  for (const line of formatReport(rows, samples)) console.log(line);
  if (json !== null) writeFileSync(json, toJson(run, rows, samples));
  if (svg !== null)
    writeFileSync(svg, drawChart(rows, samples, `${run.date.slice(0, 10)}, ${describeMachine(run.machine)}`));
  if (profile !== null) for (const line of reportProfiles(profile, rows)) console.log(line);
  return failures === 0 ? 0 : 1;
}

function paceOf({ quick, profile }: Options): Pace {
  if (profile !== null) return PROFILE_PACE;
  return quick ? QUICK_PACE : FULL_PACE;
}

/** A machine without Go measures the others. */
function withoutGo(rows: Row[]): Row[] {
  const isGo = (row: Row) => row.kind === 'rate' && row.peer === 'go-plugin';
  if (!rows.some(isGo)) return rows;
  const why = buildGoPlugin();
  if (why === null) return rows;
  console.error(`go-plugin is left out: ${why}`);
  return rows.filter((row) => !isGo(row));
}

/** One line that is written over; nothing where nobody watches. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
