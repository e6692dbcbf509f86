import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ABI_NAMES } from '../../../src/config/types.js';
import { LAYOUTS } from '../../../src/host-runner/abi/index.js';
import { encodeLayout } from '../../../src/host-runner/abi/layout.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { SCALARS } from '../../../src/wire/params.js';

/** The names of the integers in `struct mm_abi`, in their order; an array counts as its elements. */
function readAbiFields(): string[] {
  const header = readFileSync(join(PACKAGE_ROOT, 'src/host-runner/native/shim.h'), 'utf8');
  const body = /struct mm_abi \{(.*?)\n\};/s.exec(header)?.[1] ?? '';
  const declared = body.replace(/\/\*.*?\*\//gs, '').matchAll(/int32_t ([^;]+);/g);
  return [...declared].flatMap(([, names]) =>
    (names ?? '').split(',').flatMap((name) => (name.trim() === 'scalars[MM_SCALARS]' ? SCALARS : name.trim())),
  );
}

const FIELDS = readAbiFields();
const encode = (abi: keyof typeof LAYOUTS) => {
  const bytes = encodeLayout(LAYOUTS[abi]);
  return Object.fromEntries(FIELDS.map((field, i) => [field, bytes.readInt32LE(i * 4)]));
};
const NONE = -1;
/** Where all three ABIs have them. */
const COMMON = { aid: 0, id: 8, refid: 16, groupid: 24, flags: 32, type: 40, expiry: 48 };

describe('a layout for the shim', () => {
  it.each(ABI_NAMES)('of %s is one struct mm_abi', (abi) => {
    expect(FIELDS).toHaveLength(36);
    expect(encodeLayout(LAYOUTS[abi])).toHaveLength(FIELDS.length * 4);
  });

  it('of table has the offsets of the first ABI', () => {
    expect(encode('table')).toEqual({
      ...{ init_arguments: 2, module_size: 96, version: 0, name: 16, signature: 64 },
      ...{ config: NONE, description: NONE },
      ...{ cleanup: 24, on_message: 32, on_message_status: 40, on_call: 48, on_call_status: 56, on_login: NONE },
      ...{ on_config: NONE },
      ...{ send_message: 72, http: 80, log: 88 },
      ...{ params_size: 80, ...COMMON, uflags: NONE, status: NONE, sid: NONE, device: NONE },
      ...{ to_online: 56, to: 64, from: 72, to_alias: NONE, from_alias: NONE, http_synchronous: NONE },
      json_arguments: 0,
    });
  });

  it('of exports-2019 has the offsets of the first public header', () => {
    expect(encode('exports-2019')).toEqual({
      ...{ init_arguments: 3, module_size: 176, version: 0, name: 16, signature: 96 },
      ...{ config: 40, description: 24 },
      ...{ cleanup: 48, on_message: 56, on_message_status: 64, on_call: 72, on_call_status: 80, on_login: 88 },
      ...{ on_config: NONE },
      ...{ send_message: NONE, http: NONE, log: NONE },
      ...{ params_size: 112, ...COMMON, uflags: NONE, status: NONE, sid: NONE, device: NONE },
      ...{ to_online: 56, to: 96, from: 104, to_alias: NONE, from_alias: NONE, http_synchronous: 144 },
      json_arguments: 3,
    });
  });

  it('of exports-2020 has the offsets of the latest ABI, and addresses where the one before has them', () => {
    expect(encode('exports-2020')).toEqual({
      ...{ init_arguments: 3, module_size: 192, version: 0, name: 16, signature: 112 },
      ...{ config: 40, description: 24 },
      ...{ cleanup: 48, on_message: 56, on_message_status: 64, on_call: 72, on_call_status: 80, on_login: 88 },
      ...{ on_config: 96 },
      ...{ send_message: NONE, http: NONE, log: NONE },
      ...{ params_size: 136, ...COMMON, uflags: 56, status: 64, sid: 72, device: 80 },
      ...{ to_online: NONE, to: 120, from: 128, to_alias: 96, from_alias: 104, http_synchronous: NONE },
      json_arguments: 4,
    });
  });

  it.each(ABI_NAMES)('of %s has no field outside of its structure, and no two in one', (abi) => {
    const { module, params } = LAYOUTS[abi];
    const { size: moduleSize, ...moduleFields } = module;
    const { size: paramsSize, scalars, ...rest } = params;
    for (const [size, fields] of [
      [moduleSize, Object.values(moduleFields)],
      [paramsSize, [...Object.values(scalars), ...Object.values(rest)]],
    ] as [size: number, fields: (number | null)[]][]) {
      const offsets: number[] = [];
      for (const offset of fields) if (typeof offset === 'number') offsets.push(offset);
      for (const offset of offsets) {
        expect(offset % 8).toBe(0);
        expect(offset + 8).toBeLessThanOrEqual(size);
      }
      expect(new Set(offsets).size).toBe(offsets.length);
    }
  });
});
