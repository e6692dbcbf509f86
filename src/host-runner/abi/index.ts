import type { AbiName } from '../../config/types.js';
import { exports2019 } from './exports-2019.js';
import { exports2020 } from './exports-2020.js';
import type { AbiLayout } from './layout.js';
import { table } from './table.js';

/** The layout of every ABI that a configuration may name. */
export const LAYOUTS: Record<AbiName, AbiLayout> = {
  table,
  'exports-2019': exports2019,
  'exports-2020': exports2020,
};
