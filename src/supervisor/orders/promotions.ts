/** Lets a shadow and its primary exchange their versions, without a loss. */

import type { ModuleSpec } from '../../config/types.js';
import { IllegalStateError } from '../../errors.js';
import { coreCommand, type Sentence, sentence } from '../../sentence.js';
import { findModuleFile, identifyFile } from '../builds/module-file.js';
import type { Module } from '../module/module.js';
import { findPromotionDoubt } from '../shadows/promotion-doubt.js';
import { exchangeVersions, isSameVersion, settingsToChange } from '../shadows/versions.js';
import type { PromotionReport, SettingToChange } from '../types.js';
import type { Ordered } from './ordered.js';
import { refuseUnlessAll } from './refuse.js';

/** What was promoted, until the configuration agrees. */
export class Promotions {
  readonly #core: Pick<Ordered, 'roster' | 'config' | 'requireRunning'>;
  /** The modules as the last configuration has them that somebody gave. */
  #written: readonly ModuleSpec[];
  /** By the names of modules of the chain that run what a shadow ran: that shadow, and what the module ran before. */
  readonly #promoted = new Map<string, { shadow: string; before: ModuleSpec }>();

  constructor(core: Pick<Ordered, 'roster' | 'config' | 'requireRunning'>) {
    this.#core = core;
    this.#written = core.config().modules;
  }

  /** Where what runs is not what the configuration says, a line each. */
  get problems(): string[] {
    this.#forget();
    return [...this.#promoted].map(([primary, { shadow }]) => {
      const changes = this.#toChange(primary);
      // Each may be reloaded alone. The shadow follows its primary, so its block matters when that one is right.
      return changes.length > 0
        ? describeProblem(primary, 'promoted', changes)
        : describeProblem(shadow, 'former', this.#toChange(shadow));
    });
  }

  /**
   * Another configuration was given, and is in use.
   *
   * @param ran - the modules as they ran until then
   * @returns what an operator may not have meant, a line each
   */
  wrote(modules: readonly ModuleSpec[], ran: readonly ModuleSpec[]): string[] {
    this.#written = modules;
    const undone = [...this.#promoted].filter(([primary, { before }]) => {
      const [former, now] = [ran.find(({ name }) => name === primary), this.#runningOf(primary)];
      return former && now && !isSameVersion(former, before) && isSameVersion(now, before);
    });
    this.#forget();
    return undone.map(
      ([primary, { shadow }]) =>
        `this reload undoes the promotion of ${shadow}: ${primary} runs what its block says again`,
    );
  }

  /** @see Supervisor.promoteModule */
  async promote(name: string): Promise<PromotionReport> {
    const { roster } = this.#core;
    const shadow = roster.find(name);
    if (shadow.spec.shadowOf === null) return notAShadow(name);
    const primary = roster.find(shadow.spec.shadowOf);
    if (primary.spec.shadowOf !== null) return notInTheChain(primary.name, name);
    for (const module of [shadow, primary]) requireServing(module, name);
    requireSameFile(shadow, 'the version that was compared can no longer be promoted');
    requireSameFile(primary, 'the way back would lead to another version');
    requireOther(shadow, primary);
    const before = primary.spec;
    const [next, back] = exchangeVersions(before, shadow.spec);
    await this.#prepare([primary, next], [shadow, back]);
    const report = roster.report(name);
    const doubt = report && findPromotionDoubt(report);
    // From here on nothing fails. What killed a version is withheld from it in its new place too.
    primary.shareQuarantineWith(shadow);
    shadow.shareQuarantineWith(primary);
    // Both take over in one turn. On probation one of them might go back alone.
    for (const module of [primary, shadow]) module.adopt(roster.surroundingsOf(module), false);
    roster.resetTallies(primary.name);
    this.#promoted.set(primary.name, { shadow: name, before });
    this.#forget();
    await Promise.all([primary.handedOver(), shadow.handedOver()]);
    const warnings = [...(doubt ? [doubt] : []), ...primary.warnings, ...shadow.warnings];
    return { module: primary.name, shadow: name, toChange: this.#toChange(primary.name), warnings };
  }

  /** @throws ReloadError unless every start went well; then nothing has changed */
  async #prepare(...both: [module: Module, spec: ModuleSpec][]): Promise<void> {
    try {
      const refusals = await Promise.all(both.map(([module, spec]) => module.prepare(spec)));
      // One that was ready may have died while the other one was still starting.
      const unprepared = both.map(([module]) => module.unprepared);
      this.#core.requireRunning('promote');
      refuseUnlessAll([...refusals, ...unprepared]);
    } catch (error) {
      await Promise.all(both.map(([module]) => module.abandon()));
      throw error;
    }
  }

  /** Promotions with which the configuration agrees. */
  #forget(): void {
    for (const [primary, { shadow }] of this.#promoted) {
      if ([primary, shadow].every((name) => this.#toChange(name).length === 0)) this.#promoted.delete(primary);
    }
  }

  #toChange(name: string): SettingToChange[] {
    const running = this.#runningOf(name);
    const written = this.#written.find((module) => module.name === name);
    return running && written ? settingsToChange(running, written) : [];
  }

  #runningOf(name: string): ModuleSpec | undefined {
    return this.#core.roster.present.find((module) => module.name === name)?.spec;
  }
}

/** @throws IllegalStateError always */
export function notAShadow(module: string): never {
  refuse(module, 'it is not a shadow', 'set shadow_of in its block, and reload');
}

/** A reload for some modules may leave a shadow of a shadow. @throws IllegalStateError always */
function notInTheChain(module: string, shadow: string): never {
  const what = `it is a shadow itself, so ${shadow} cannot take its place`;
  refuse(module, what, sentence`to take all of the configuration: ${coreCommand('reload')}`);
}

/** @throws IllegalStateError */
function requireServing(module: Module, promoted: string): void {
  const { name, state } = module.condition();
  if (state === 'serving') return;
  // Orders come one after the other, so it is on probation.
  const { probationUntil } = module.status();
  if (state === 'replacing' && probationUntil !== null) {
    refuse(
      name,
      `its last reload is on probation until ${probationUntil.slice(0, 19)}Z`,
      `promote ${promoted} after that`,
    );
  }
  const what = `it is ${state}, and both must serve before ${promoted} can be promoted`;
  refuse(name, what, sentence`see why: ${coreCommand('describe', name)}`);
}

/** What was compared is what is exchanged. @throws IllegalStateError */
function requireSameFile({ name, spec, loadedFile }: Module, consequence: string): void {
  if (identifyFile(findModuleFile(spec)) === loadedFile) return;
  const what = `its file has changed since its process loaded it, so ${consequence}`;
  refuse(name, what, sentence`to run the new one, and compare with it: ${coreCommand('reload', name)}`);
}

/** @throws IllegalStateError */
function requireOther(shadow: Module, primary: Module): void {
  if (!isSameVersion(shadow.spec, primary.spec)) return;
  const what = `it runs the same version as ${primary.name}, so there is nothing to promote`;
  refuse(shadow.name, what, 'give it another path or other settings, and reload');
}

function refuse(module: string, what: string, remedy: string | Sentence): never {
  throw new IllegalStateError('ILLEGAL_STATE', `module ${module}: ${what}`, { module, remedy });
}

/** @param has - what it runs: the version that was promoted, or the one that was before */
function describeProblem(name: string, has: 'promoted' | 'former', changes: readonly SettingToChange[]): string {
  const keys = changes.map(({ key }) => key).join(', ');
  const what = has === 'promoted' ? 'the promoted version' : 'the version that was in use before the promotion';
  const other = has === 'promoted' ? 'the old one' : 'another one';
  const effect = has === 'promoted' ? 'goes back to the old version' : 'starts that one';
  return `module ${name} runs ${what}. Its block still has ${other} (${keys}). Change the block, or the next reload or start ${effect}`;
}
