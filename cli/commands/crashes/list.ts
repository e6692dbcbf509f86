import { groupCards, withoutGroups } from '../../../src/crashes/group-cards.js';
import { readCards } from '../../../src/crashes/read-cards.js';
import type { Directories } from '../../../src/directories.js';
import { crashListToJson, renderCrashList } from '../../render/crashes/list.js';
import { printData, tell, viewOf } from '../../terminal/io.js';
import type { CrashesOptions } from './options.js';

/** `crashes list`: every crash that is recorded, those that are the same in one line. */
export function listCrashes({ stateDir }: Directories, { module, all, json }: CrashesOptions): void {
  const { cards, problems } = readCards(stateDir, module ?? null);
  const groups = all ? withoutGroups(cards) : groupCards(cards);
  for (const problem of problems) tell(problem, 'warn');
  if (json) printData(crashListToJson(groups));
  else if (groups.length > 0) printData(renderCrashList(groups, viewOf(process.stdout)));
  else {
    const of = module === undefined ? '' : ` of module ${module}`;
    tell(`no crash${of} is recorded in ${stateDir}; if the core has another state directory, give --state-dir`);
  }
}
