/** Verbs whose first word is an action, such as `crashes show ID`. */

import { Argument, type Command } from 'commander';
import { UsageError } from '../terminal/io.js';

/** Such a verb. */
export interface ActionVerb<A extends string, O extends object> {
  name: string;
  /** The first one stands where none is given. */
  actions: readonly [A, ...A[]];
  /** Options that only some actions take, by their names. */
  onlyFor: Partial<Record<keyof O, readonly A[]>>;
  /** What somebody means who typed an id in the place of an action; `null`: it is no id. @param next - the word behind it */
  meantBy: (given: string, next: string | undefined) => string | null;
}

/** Declares the action. It is read by {@link readAction}: what is none may be an id, and then the message says more. */
export function addAction<A extends string>(verb: Command, actions: readonly [A, ...A[]]): Command {
  const all = `${actions.slice(0, -1).join(', ')} or ${actions.at(-1)}`;
  return verb.addArgument(
    new Argument('[action]', `${all}; ${actions[0]} unless given`).choices(actions).argParser(String),
  );
}

/** Declares the options of an action that replays a crash. */
export function addReplayOptions(verb: Command): Command {
  return verb
    .option('--gdb', 'replay: under gdb, which prints the backtrace')
    .option('--valgrind', 'replay: under valgrind, which prints what is wrong with the memory')
    .option('--any-build', 'replay: the file that is there now, also when it has changed since the crash')
    .option('--config <file>', "replay: the configuration with the module's own settings (default: that of the core)");
}

/** @throws UsageError for what is none */
export function readAction<A extends string, O extends object>(
  { name, actions, meantBy }: ActionVerb<A, O>,
  given: string | undefined,
  next: string | undefined,
): A {
  if (given === undefined) return actions[0];
  const action = actions.find((one) => one === given);
  if (action !== undefined) return action;
  throw new UsageError(meantBy(given, next) ?? `${name} takes ${actions.join(', ')}, and not ${JSON.stringify(given)}`);
}

/** @throws UsageError for an option that the action does not take */
export function checkOptions<A extends string, O extends object>(
  { name, onlyFor }: ActionVerb<A, O>,
  action: A,
  options: O,
): void {
  for (const [option, only] of Object.entries(onlyFor) as [keyof O & string, readonly A[]][]) {
    if (options[option] === undefined || only.includes(action)) continue;
    const typed = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${typed} is for ${name} ${only.join(' and ')}`);
  }
}

/** @throws UsageError for two programs at a time */
export function checkReplayOptions({ gdb, valgrind }: { gdb?: boolean; valgrind?: boolean }): void {
  if (gdb && valgrind) throw new UsageError('give either --gdb or --valgrind, not both');
}
