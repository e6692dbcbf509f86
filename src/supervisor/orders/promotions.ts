/** Lets a shadow and its primary exchange their versions, without a loss. */

import type { ModuleSpec } from '../../config/types.js';
import { IllegalStateError } from '../../errors.js';
import { coreCommand, sentence } from '../../sentence.js';
import { findModuleFile, identifyFile } from '../builds/module-file.js';
import type { Module } from '../module/module.js';
import { exchangeVersions, settingsToChange } from '../shadows/versions.js';
import type { PromotionReport, SettingToChange } from '../types.js';
import type { Ordered } from './ordered.js';
import { refuseUnlessAll } from './refuse.js';

/** What was promoted, until the configuration agrees. */
export class Promotions {
  readonly #core: Pick<Ordered, 'roster' | 'config' | 'requireRunning'>;
  /** The modules as the last configuration has them that somebody gave. */
  #written: readonly ModuleSpec[];
  /** The names of modules of the chain that run what a shadow ran. */
  readonly #promoted = new Set<string>();

  constructor(core: Pick<Ordered, 'roster' | 'config' | 'requireRunning'>) {
    this.#core = core;
    this.#written = core.config().modules;
  }

  /** Where what runs is not what the configuration says, a line each. */
  get problems(): string[] {
    const problems: string[] = [];
    for (const name of this.#promoted) {
      const changes = this.#toChange(name);
      if (changes.length === 0) this.#promoted.delete(name);
      else problems.push(describeProblem(name, changes));
    }
    return problems;
  }

  /** Another configuration was given. */
  wrote(modules: readonly ModuleSpec[]): void {
    this.#written = modules;
  }

  /** @see Supervisor.promoteModule */
  async promote(name: string): Promise<PromotionReport> {
    const { roster } = this.#core;
    const shadow = roster.find(name);
    if (shadow.spec.shadowOf === null) return notAShadow(name);
    const primary = roster.find(shadow.spec.shadowOf);
    for (const module of [shadow, primary]) requireServing(module, name);
    requireSameFile(shadow);
    const [next, back] = exchangeVersions(primary.spec, shadow.spec);
    await this.#prepare([primary, next], [shadow, back]);
    // From here on nothing fails. Both take over in one turn. On probation one of them might go back alone.
    for (const module of [primary, shadow]) module.adopt(roster.surroundingsOf(module), false);
    roster.resetTallies(primary.name);
    this.#promoted.add(primary.name);
    await Promise.all([primary.handedOver(), shadow.handedOver()]);
    const warnings = [...primary.warnings, ...shadow.warnings];
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

  #toChange(name: string): SettingToChange[] {
    const running = this.#core.roster.present.find((module) => module.name === name);
    const written = this.#written.find((module) => module.name === name);
    return running && written ? settingsToChange(running.spec, written) : [];
  }
}

/** @throws IllegalStateError always */
export function notAShadow(module: string): never {
  const remedy = 'set shadow_of in its block, and reload';
  throw new IllegalStateError('ILLEGAL_STATE', `module ${module}: it is no shadow of another module`, {
    module,
    remedy,
  });
}

/** @throws IllegalStateError */
function requireServing(module: Module, promoted: string): void {
  const { name, state } = module.condition();
  if (state === 'serving') return;
  const what = `module ${name}: it is ${state}, and both must serve before ${promoted} can be promoted`;
  const remedy = sentence`see why: ${coreCommand('describe', name)}`;
  throw new IllegalStateError('ILLEGAL_STATE', what, { module: name, remedy });
}

/** What was compared is what is promoted. @throws IllegalStateError */
function requireSameFile({ name, spec, loadedFile }: Module): void {
  if (identifyFile(findModuleFile(spec)) === loadedFile) return;
  const what = `module ${name}: its file has changed since its process loaded it, so another version would be promoted than the one that was compared`;
  const remedy = sentence`to compare the new one: ${coreCommand('reload', name)}`;
  throw new IllegalStateError('ILLEGAL_STATE', what, { module: name, remedy });
}

function describeProblem(name: string, changes: readonly SettingToChange[]): string {
  const keys = changes.map(({ key }) => key).join(', ');
  const what = `module ${name} runs what was promoted, and its block in the configuration still says something else`;
  return `${what} (${keys}): the next reload or start goes by the configuration; change it there`;
}
