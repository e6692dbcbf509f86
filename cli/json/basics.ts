/** What documents of several verbs are made of. */

import { z } from 'zod';

export const time = z.iso.datetime();
export const count = z.int().nonnegative();
export const u64 = z.string().regex(/^\d+$/);
export const verdict = z.enum(['pass', 'consumed']);
export const address = z.string().nullable();
