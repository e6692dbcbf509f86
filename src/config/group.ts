/** The name or number of a group, as an operator writes it. Pure. */

/** The highest number that a group may have; the one above stands for none. */
const MAX_GID = 2 ** 32 - 2;

/** Whether it can be the name or the number of a group. */
export function isGroup(written: string): boolean {
  if (/^\d+$/.test(written)) return Number(written) <= MAX_GID;
  return /^[^\s:,/\p{Cc}]{1,256}$/u.test(written) && !/^[-+]/.test(written);
}
