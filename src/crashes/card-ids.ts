/** The names of crash cards: which they are, and what they say. Pure. */

/** What an id looks like: module, time in UTC, number of the host. Nothing else is ever made into a path. */
export const CARD_ID = /^[A-Za-z0-9_]{1,64}-\d{8}T\d{6}Z-\d{1,10}$/;

/** The module that an id names: no name of one has a hyphen. */
export function moduleOfId(id: string): string {
  return CARD_ID.test(id) ? id.slice(0, id.indexOf('-')) : '';
}

/** The oldest first: by the time, by the number of the host within a second, and then by the name of the module. */
export function compareIds(a: string, b: string): number {
  const [moduleA = '', timeA = '', numberA = ''] = a.split('-');
  const [moduleB = '', timeB = '', numberB = ''] = b.split('-');
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return Number(numberA) - Number(numberB) || (moduleA < moduleB ? -1 : 1);
}
