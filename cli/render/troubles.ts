/** What is wrong with a core and its modules, and what to do about it: pure. */

import { counted } from '../../src/counted.js';
import { debuggedOf, describeDebugging as describeRun, isFault } from '../../src/debug-command.js';
import { escapeControl } from '../../src/escape-control.js';
import { coreCommand, joinSentences, readSentence, type Sentence, sentence } from '../../src/sentence.js';
import type { CoreStatus, ModuleStatus } from '../../src/supervisor/types.js';
import { formatAgo, formatUntil, replaceTimes } from '../text/format.js';
import { describeAllUndecided, describeFate } from './defaults.js';
import { describeLastCrash } from './last-crash.js';
import { findWaiting } from './servers.js';
import { isShadow, replicasOf, shownStateOf } from './shown-state.js';
import type { Trouble } from './trouble.js';

/** How long a crash is still shown after the module serves again. */
const RECENT_MS = 60 * 60_000;

/** Everything that is wrong, the core's own first, then in the order of the chain, and what was stopped by order last. */
export function findTroubles(status: CoreStatus, nowMs: number): Trouble[] {
  const { core, modules } = status;
  const own = core.problems.map((problem): Trouble => {
    return { level: 'error', module: null, what: replaceTimes(problem, nowMs), remedy: null };
  });
  return [
    ...own,
    ...modules.flatMap((module) => ofModule(module, core.config, nowMs)),
    ...findWaiting(status),
    ...ofStopped(modules),
  ];
}

/** The command that shows where a module crashed; `null`: it did not crash by a fault of its own. */
export function describeDebugging(
  { name, path, lastErrorSignal = null }: Pick<ModuleStatus, 'name' | 'path' | 'lastErrorSignal'>,
  config: string | null,
): Sentence | null {
  if (!isFault(lastErrorSignal) || (config === null && path === null)) return null;
  return describeRun(debuggedOf(config, name, path ?? ''), null);
}

/** One note for all stopped modules whose messages are passed, and one for those whose messages are dropped. */
function ofStopped(modules: readonly ModuleStatus[]): Trouble[] {
  const down = modules.filter((module) => !isShadow(module) && module.desired === 'down');
  const kinds = new Set(down.map(({ onFailure }) => onFailure));
  return [...kinds].map((kind) => ofStoppedAlike(down.filter(({ onFailure }) => onFailure === kind)));
}

function ofStoppedAlike(stopped: readonly ModuleStatus[]): Trouble {
  const shown = stopped.map((module) => {
    const state = shownStateOf(module);
    return state === 'stopped' ? module.name : `${module.name} (${state})`;
  });
  const fate = describeFate(stopped[0]?.onFailure, stopped.length > 1 ? 'them' : 'it');
  const their = stopped.length > 1 ? 'their' : 'its';
  const start = coreCommand('start', ...stopped.map(({ name }) => name));
  const what = sentence`stopped by order (${their} messages ${fate}): ${shown.join(', ')}; to start: ${start}`;
  return { level: 'note', module: null, what, remedy: null };
}

/** Whether every module that should serve does, and nothing is wrong with the core itself. */
export function isWell({ core, modules }: CoreStatus): boolean {
  if (core.problems.length > 0) return false;
  // No message waits for a shadow.
  return modules.every(
    (module) => isShadow(module) || module.desired === 'down' || ['serving', 'replacing'].includes(module.state),
  );
}

function ofModule(module: ModuleStatus, config: string | null, nowMs: number): Trouble[] {
  const one = [
    ofState(module, config, nowMs),
    ofReplicas(module, config, nowMs),
    ofQuarantine(module),
    ofProbation(module),
    ofBuild(module),
    ofSends(module),
    ofOutput(module),
  ];
  return [...one.filter((trouble) => trouble !== null), ...ofWarnings(module)];
}

function ofState(module: ModuleStatus, config: string | null, nowMs: number): Trouble | null {
  const { name, state, desired, lastError, crashes } = module;
  const error = lastError ?? 'it does not serve';
  const logs = whereToLook(module, config);
  if (desired === 'down') return null;
  // No message waits for a shadow.
  const level = isShadow(module) ? 'warning' : 'error';
  if (state === 'backoff' || state === 'failed') {
    const when = module.nextStartAt === null ? 'now' : formatUntil(module.nextStartAt, nowMs);
    const fate = isShadow(module) ? 'are skipped' : describeFate(module.onFailure);
    const what = `${error} (its messages ${state === 'failed' ? fate : `wait, or ${fate}`}; the next start is ${when})`;
    const remedy = sentence`${logs}; when it is fixed: ${coreCommand('reset', name)}`;
    return { level, module: name, what, remedy };
  }
  if (state === 'starting' && lastError !== null)
    return { level, module: name, what: `${error} (it is starting)`, remedy: logs };
  if (crashes.lastAt === null || nowMs - Date.parse(crashes.lastAt) > RECENT_MS || lastError === null) return null;
  // Another line tells of a replica that does not serve again.
  if (downReplicasOf(module).some((replica) => replica.lastError === lastError)) return null;
  const what = `${error} (it serves again; ${describeCrashes(module, crashes.lastAt, nowMs)})`;
  return { level: 'warning', module: name, what, remedy: logs };
}

function whereToLook(module: ModuleStatus, config: string | null): Sentence {
  const more = [describeLastCrash(module), describeDebugging(module, config)].filter((one) => one !== null);
  return joinSentences([sentence`${coreCommand('logs', module.name)}`, ...more], '; ');
}

function describeCrashes(module: ModuleStatus, lastAt: string, nowMs: number): string {
  return `${module.crashes.total} in all, the last ${formatAgo(lastAt, nowMs)}${describeAllUndecided(module)}`;
}

function downReplicasOf(module: ModuleStatus): ModuleStatus['replicas']['each'] {
  return replicasOf(module).each.filter(({ isServing }) => !isServing);
}

/** A module serves as long as one of its replicas does; the others may be down. */
function ofReplicas(module: ModuleStatus, config: string | null, nowMs: number): Trouble | null {
  const { name, state, desired, lastError, crashes } = module;
  if (desired === 'down' || (state !== 'serving' && state !== 'replacing')) return null;
  const { wanted } = replicasOf(module);
  const down = downReplicasOf(module);
  const [first] = down;
  if (first === undefined) return null;
  const told = down.map(({ replica, nextStartAt }) =>
    nextStartAt === null ? `${replica}` : `${replica} (the next start is ${formatUntil(nextStartAt, nowMs)})`,
  );
  const subject = down.length === 1 ? `replica ${told} does` : `replicas ${told.join(', ')} do`;
  // The newest one, if it is of one of these.
  const error = down.some((replica) => replica.lastError === lastError) ? lastError : first.lastError;
  const all =
    error !== lastError || crashes.lastAt === null ? '' : ` (${describeCrashes(module, crashes.lastAt, nowMs)})`;
  const why = error === null ? '' : `: ${error.split('\n', 1)[0]?.replace(`module ${name}: `, '')}${all}`;
  const what = `${subject} not serve, and the others of ${wanted} take the messages${why}`;
  const remedy = all === '' ? sentence`${coreCommand('describe', name)}` : whereToLook(module, config);
  return { level: 'warning', module: name, what, remedy };
}

/** A core of another version does not say it. */
function ofQuarantine({
  name,
  quarantined = 0,
}: Omit<ModuleStatus, 'quarantined'> & Partial<ModuleStatus>): Trouble | null {
  if (quarantined === 0) return null;
  const subject = quarantined === 1 ? '1 message is in quarantine' : `${quarantined} messages are in quarantine`;
  const what = `${subject}: this build does not get ${quarantined === 1 ? 'it' : 'them'} again, because ${quarantined === 1 ? 'it' : 'they'} ended its process`;
  const remedy = sentence`${coreCommand('quarantine', 'list', '--module', name)}`;
  return { level: 'note', module: name, what, remedy };
}

/** What its host said when it was ready, with its remedy. A core of another version does not say it. */
function ofWarnings({ name, desired, warnings }: Omit<ModuleStatus, 'warnings'> & Partial<ModuleStatus>): Trouble[] {
  if (desired === 'down') return [];
  return (warnings ?? []).map((what) => ({ level: 'warning', module: name, what, remedy: null }));
}

/** A core of another version does not say it. */
function ofProbation({
  name,
  desired,
  takenBack = null,
}: Omit<ModuleStatus, 'takenBack'> & Partial<ModuleStatus>): Trouble | null {
  if (takenBack === null || desired === 'down') return null;
  const what = `its last reload was taken back: it runs with the process and the settings of before, because on probation ${takenBack.replace(`module ${name}: `, '')}`;
  return {
    level: 'warning',
    module: name,
    what,
    remedy: sentence`when it is corrected: ${coreCommand('reload', name)}`,
  };
}

function ofBuild({ name, desired, state, build, fileChanged, fileMissing }: ModuleStatus): Trouble | null {
  if (desired === 'down' || !build || state === 'failed') return null;
  const remedy = sentence`to take the file: ${coreCommand('reload', name)}`;
  if (build.problem) {
    const problem = readSentence(build.problemParts) ?? build.problem;
    const what = sentence`${problem}: if its file is replaced, the running build cannot start again after a crash`;
    return { level: 'warning', module: name, what, remedy: null };
  }
  if (fileChanged && fileMissing) {
    const runs = build.kept
      ? '; the core runs its copy of the accepted build'
      : '; its process runs the build that it loaded';
    const what = `its file is missing${runs}`;
    return { level: 'warning', module: name, what, remedy: 'put it back, or correct "path"' };
  }
  if (build.kept) {
    const what = 'its file has changed; the core runs its copy of the accepted build';
    return { level: 'note', module: name, what, remedy };
  }
  if (!fileChanged) return null;
  return { level: 'note', module: name, what: 'its file has changed since its process loaded it', remedy };
}

function ofSends({ name, sends }: ModuleStatus): Trouble | null {
  if (sends.undelivered + sends.refused === 0) return null;
  const what: string[] = [];
  if (sends.undelivered > 0) what.push(`nobody took ${sends.undelivered} of the ${sends.total} messages that it sent`);
  if (sends.refused > 0) {
    what.push(
      `send_message returned -1 ${counted(sends.refused, 'time')}, because too many messages waited for a server`,
    );
  }
  const remedy =
    sends.refused > 0
      ? 'let a server take them, or raise black_box, send_queue and send_memory'
      : 'let a server take them: set gateway = auto';
  return { level: 'warning', module: name, what: what.join('; '), remedy };
}

function ofOutput({ name, dropped }: ModuleStatus): Trouble | null {
  if (dropped.logLines + dropped.outputBytes === 0) return null;
  const what = `${dropped.logLines} of its log lines and ${dropped.outputBytes} bytes of its output were dropped`;
  return { level: 'warning', module: name, what, remedy: 'raise log_rate or black_box, or let it log less' };
}

/** A trouble in one line, without its remedy. */
export function describeTrouble({ module, what }: Trouble): Sentence {
  const told = sentence`${what}`.map(escapeControl);
  // Errors of a module begin with its name as a rule.
  return module === null || `${told}`.startsWith(`module ${module}: `) ? told : sentence`module ${module}: ${told}`;
}
