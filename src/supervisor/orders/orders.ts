/** What an operator orders while everything runs. One order at a time: each is complete before the next begins. */

import type { CoreConfig, ModuleSpec } from '../../config/types.js';
import { IllegalStateError, type SupervisorError } from '../../errors.js';
import { requireKnown } from '../../module-names.js';
import { coreCommand, sentence } from '../../sentence.js';
import { findMissing, findModuleFile, identifyFile, requirePresentFile } from '../builds/module-file.js';
import type { Module } from '../module/module.js';
import type { OrderReport, ProbationReport, PromotionReport, ReloadReport, Takeover } from '../types.js';
import type { Ordered } from './ordered.js';
import { Promotions } from './promotions.js';
import { refuseUnlessAll } from './refuse.js';
import { planReload, type ReloadPlan } from './reload-plan.js';

/** Orders, in the order in which they came. */
export class Orders {
  readonly #core: Ordered;
  readonly #promotions: Promotions;
  #last: Promise<unknown>;

  /** @param begun - waited for by the first order */
  constructor(core: Ordered, begun: Promise<unknown>) {
    this.#core = core;
    this.#promotions = new Promotions(core);
    this.#last = begun.catch(() => undefined);
  }

  /** What was ordered and the configuration does not say, and what a reload of some modules has left, a line each. */
  get problems(): string[] {
    return [...this.#promotions.problems, ...this.#core.roster.shadowProblems];
  }

  /** Waits for the orders that were given. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** @see Supervisor.reload */
  reload(next: CoreConfig, names: readonly string[] | null): Promise<Takeover> {
    return this.#order('reload', async () => {
      const before = this.#core.roster.present.map(({ spec }) => spec);
      const takeover = await this.#reload(next, names);
      return { ...takeover, warnings: this.#promotions.wrote(next.modules, before) };
    });
  }

  /** @see Supervisor.planReload */
  planReload(next: CoreConfig, names: readonly string[] | null): Promise<ReloadReport> {
    return this.#order('reload', async () => {
      const plan = this.#plan(next, names);
      refuseUnlessAll(this.#findMissing(plan));
      const { stopped } = this.#core;
      plan.report.stopped.push(...plan.add.map(({ name }) => name).filter((name) => stopped.has(name)));
      return plan.report;
    });
  }

  /**
   * Gives a module that is watched a new generation, because its file has changed. All settings stay as they are.
   *
   * @param sha256 - of that file. An order that came earlier may have taken it already, or tried it in vain: then nothing is done
   * @returns what came of it: a probation may follow. The next order for the module ends that
   * @throws ReloadError when it cannot start; nothing has changed then
   */
  async renew(name: string, sha256: string): Promise<{ kind: 'taken' | 'skipped' }> {
    const takeover = await this.#order('reload', async () => {
      const { roster, config } = this.#core;
      const module = roster.present.find((module) => module.name === name);
      if (module?.desired !== 'up' || !module.spec.watch) return null;
      if ([module.buildKey, module.failedBuild].includes(sha256)) return null;
      // A reload for some modules leaves others as they were, so the configuration may say more than is in use.
      return this.#reload({ ...config(), modules: roster.present.map(({ spec }) => spec) }, [name]);
    });
    return { kind: takeover === null ? 'skipped' : 'taken' };
  }

  /** @see Supervisor.restartModule */
  restart(name: string): Promise<OrderReport> {
    return this.#order('restart', async () => {
      const module = this.#core.roster.find(name);
      if (module.desired === 'down') {
        const what = `module ${name}: it is stopped, and stays so until it is started`;
        const remedy = sentence`to start it: ${coreCommand('start', name)}`;
        throw new IllegalStateError('ILLEGAL_STATE', what, { module: name, remedy });
      }
      requirePresentFile(name, module.spec);
      throwIf(await module.restart());
      return { warnings: module.warnings };
    });
  }

  /** @see Supervisor.startModule */
  start(name: string): Promise<OrderReport> {
    return this.#order('start', async () => {
      const module = this.#core.roster.find(name);
      const started = module.start();
      // Done first, written then: a directory that takes no file must not keep a module down.
      this.#core.stopped.delete(name);
      throwIf(await started);
      return { warnings: [...this.#report().warnings, ...module.warnings] };
    });
  }

  /** @see Supervisor.stopModule */
  stop(name: string): Promise<OrderReport> {
    return this.#order('stop', async () => {
      await this.#core.roster.find(name).stop();
      this.#core.stopped.add(name);
      return this.#report();
    });
  }

  /** @see Supervisor.resetModule */
  reset(name: string): Promise<OrderReport> {
    return this.#order('reset', async () => {
      const module = this.#core.roster.find(name);
      throwIf(await module.reset());
      if (module.tally !== null) this.#core.roster.resetTallies(name);
      return { warnings: module.warnings };
    });
  }

  /** @see Supervisor.promoteModule */
  promote(name: string): Promise<PromotionReport> {
    return this.#order('promote', () => this.#promotions.promote(name));
  }

  #order<T>(order: string, work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#core.requireRunning(order);
      return work();
    });
    this.#last = result
      .catch(() => undefined)
      .then(() => this.#core.carriedOut())
      // Neither the next order nor a stop may fail because of this: it surfaces on its own.
      .catch((error) => {
        setImmediate(() => {
          throw error;
        });
      });
    return result;
  }

  /** What is wrong although an order was carried out. */
  #report(): OrderReport {
    const { problem } = this.#core.stopped;
    return { warnings: problem === null ? [] : [problem] };
  }

  async #reload(next: CoreConfig, names: readonly string[] | null): Promise<Takeover> {
    const { roster, stopped } = this.#core;
    const plan = this.#plan(next, names);
    const planned = new Map(roster.present.map((module) => [module, module.spec]));
    // The way back would lead to fewer replicas than those that are about to join.
    for (const spec of plan.configure) {
      const module = roster.find(spec.name);
      if (spec.replicas > module.spec.replicas) module.endProbation('another reload gave it more replicas');
    }
    const prepared = [...plan.replace, ...plan.configure].map(({ name }) => roster.find(name));
    const added: Module[] = [];
    const starts: Promise<SupervisorError | null>[] = [];
    try {
      for (const spec of plan.add) {
        const module = roster.add(spec);
        added.push(module);
        if (stopped.has(spec.name)) plan.report.stopped.push(spec.name);
        else starts.push(module.start());
      }
      for (const spec of plan.replace) starts.push(roster.find(spec.name).prepare(spec));
      for (const spec of plan.configure) starts.push(roster.find(spec.name).grow(spec));
      await Promise.all(starts);
      // A host that was ready may have died while others were still starting.
      const refusals = [...(await Promise.all(starts)), ...prepared.map(({ unprepared }) => unprepared)];
      // A stop ends what was starting: that says more than how each of them ended.
      this.#core.requireRunning('reload');
      refuseUnlessAll(refusals);
    } catch (error) {
      await Promise.all([
        ...prepared.map((module) => module.abandon()),
        ...added.map((module) => roster.remove(module)),
      ]);
      throw error;
    }
    return this.#carryOut(plan, next, planned, names === null);
  }

  /** @throws SupervisorError `MODULE_UNKNOWN` */
  #plan(next: CoreConfig, names: readonly string[] | null): ReloadPlan {
    const { roster, config } = this.#core;
    const known = [...new Set([...next.modules, ...roster.present].map(({ name }) => name))];
    for (const name of names ?? []) requireKnown(name, known);
    const present = roster.present.map(({ spec, desired, loadedFile }) => ({ spec, desired, loadedFile }));
    return planReload(present, config(), next, (spec) => identifyFile(findModuleFile(spec)), names);
  }

  /** Why starts would fail, as far as that is known without a start: for lack of a file. */
  #findMissing({ replace, add }: ReloadPlan): (SupervisorError | null)[] {
    const { stopped } = this.#core;
    const started = [...replace, ...add.filter(({ name }) => !stopped.has(name))];
    return started.map((spec) => findMissing(spec.name, spec));
  }

  /** From here on nothing fails. The chain changes between two messages; those in progress stay in the old chain. */
  async #carryOut(
    plan: ReloadPlan,
    next: CoreConfig,
    planned: ReadonlyMap<Module, ModuleSpec>,
    isForAll: boolean,
  ): Promise<Takeover> {
    const { roster } = this.#core;
    const removed = plan.remove.map((name) => roster.find(name));
    // Shadows of another module than before.
    const moved = plan.configure.filter(({ name, shadowOf }) => roster.find(name).spec.shadowOf !== shadowOf);
    this.#core.adopt(next);
    roster.share(next);
    for (const module of roster.present) {
      if (!removed.includes(module)) this.#configure(module, plan, planned.get(module));
    }
    roster.arrange(plan.order);
    const { report } = plan;
    // Who repeats a reload wants to know what comes of it.
    const isRepeated = isForAll && changesNoModule(report);
    const mine = isRepeated ? roster.present : report.replaced.map((name) => roster.find(name));
    const watched = mine.filter(({ probation }) => probation !== null);
    report.probation = watched.map(({ name }) => name);
    const settled = reportProbations(watched);
    // Other versions are compared from now on.
    for (const { name } of [...plan.replace, ...plan.add, ...moved]) roster.resetTallies(name);
    await this.#core.underway();
    await Promise.all(removed.map((module) => roster.remove(module)));
    await Promise.all(roster.present.map((module) => module.handedOver()));
    return { report, settled, warnings: [] };
  }

  /** @param planned - the settings that it had when the plan was made; `undefined`: the plan has added it */
  #configure(module: Module, plan: ReloadPlan, planned: ModuleSpec | undefined): void {
    const around = this.#core.roster.surroundingsOf(module);
    const find = (specs: ModuleSpec[]) => specs.find(({ name }) => name === module.name);
    if (find(plan.replace)) {
      module.adopt(around);
    } else {
      const { report } = plan;
      // One that has failed on probation meanwhile goes on with its old settings.
      const next = planned === module.spec ? find(plan.configure) : undefined;
      if (report.configured.includes(module.name)) {
        // The way back would lead to other settings than those of now.
        if (next) module.endProbation('another reload changed its settings');
        else leave(report, module.name);
      } else if (planned !== undefined && planned !== module.spec && report.unchanged.includes(module.name)) {
        leave(report, module.name);
      }
      module.configure(next ?? module.spec, around);
    }
  }
}

function changesNoModule({ replaced, added, removed, configured }: ReloadReport): boolean {
  return [replaced, added, removed, configured].every(({ length }) => length === 0);
}

/** @returns which of these have not held, when all of their probations have ended */
async function reportProbations(modules: readonly Module[]): Promise<ProbationReport> {
  const report: ProbationReport = { wentBack: [], cutShort: [] };
  const waiting = modules.map(({ name, probation }) => ({ module: name, probation }));
  for (const { module, probation } of waiting) {
    const end = await probation;
    if (end?.kind === 'went-back') report.wentBack.push({ module, reason: end.reason });
    if (end?.kind === 'ended') report.cutShort.push({ module, afterMs: end.afterMs, reason: end.why });
  }
  return report;
}

/** It keeps its settings, although they differ. */
function leave(report: ReloadReport, name: string): void {
  report.configured = report.configured.filter((other) => other !== name);
  report.unchanged = report.unchanged.filter((other) => other !== name);
  report.left.push(name);
}

function throwIf(refusal: SupervisorError | null): void {
  if (refusal !== null) throw refusal;
}
