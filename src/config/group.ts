/** The name or number of a group, as an operator writes it. Pure. */

/** The highest number that a group may have; the one above stands for none. */
const MAX_GID = 2 ** 32 - 2;

const MAX_CHARACTERS = 256;

/** Whether it can be the name or the number of a group. */
export function isGroup(written: string): boolean {
  if (written.length > MAX_CHARACTERS) return false;
  if (/^\d+$/.test(written)) return Number(written) <= MAX_GID;
  return /^[^\s:,/\p{Cc}]+$/u.test(written) && !/^[-+]/.test(written);
}
