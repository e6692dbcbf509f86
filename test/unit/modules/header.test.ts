import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readElf } from '../../../src/host-runner/abi/elf.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';

const CC = process.env.CC ?? 'cc';
const CXX = process.env.CXX ?? 'c++';
const HAS_CXX = spawnSync(CXX, ['--version']).error === undefined;
const INCLUDE = join(PACKAGE_ROOT, 'modules/include');
const STRICT = ['-Wall', '-Wextra', '-Werror', '-pedantic', '-O2', `-I${INCLUDE}`];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'header-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ABIS = ['TABLE', 'EXPORTS_2019', 'EXPORTS_2020'] as const;
type Abi = (typeof ABIS)[number];

/** Offsets by field and, last, the size: written down from the interface's description, not from the header. */
const LAYOUTS: Record<Abi, Record<string, Record<string, number>>> = {
  TABLE: {
    mesibo_module_t: {
      ...{ version: 0, flags: 8, name: 16, cleanup: 24, on_message: 32, on_message_status: 40, on_call: 48 },
      ...{ on_call_status: 56, signature: 64, send_message: 72, http: 80, log: 88, sizeof: 96 },
    },
    mesibo_message_params_t: {
      ...{ aid: 0, id: 8, refid: 16, groupid: 24, flags: 32, type: 40, expiry: 48, to_online: 56 },
      ...{ to: 64, from: 72, sizeof: 80 },
    },
    module_http_option_t: { proxy: 0, ims: 88, maxredirects: 96, total_timeout: 128, retries: 136, sizeof: 144 },
  },
  EXPORTS_2019: {
    mesibo_module_t: {
      ...{ version: 0, flags: 8, name: 16, description: 24, ctx: 32, config: 40, on_cleanup: 48, on_message: 56 },
      ...{ on_message_status: 64, on_call: 72, on_call_status: 80, on_login: 88, signature: 96, reserved_0: 104 },
      ...{ invoke: 168, sizeof: 176 },
    },
    mesibo_message_params_t: { aid: 0, expiry: 48, to_online: 56, reserved_0: 64, to: 96, from: 104, sizeof: 112 },
    mesibo_user_t: { flags: 0, online: 8, address: 16, reserved_0: 24, sizeof: 56 },
    module_http_option_t: { proxy: 0, ims: 88, retries: 136, synchronous: 144, sizeof: 152 },
  },
  EXPORTS_2020: {
    mesibo_module_t: {
      ...{ version: 0, flags: 8, name: 16, description: 24, ctx: 32, config: 40, on_cleanup: 48, on_message: 56 },
      ...{ on_message_status: 64, on_call: 72, on_call_status: 80, on_login: 88, on_config: 96, custom_fns: 104 },
      ...{ signature: 112, reserved_0: 120, invoke: 184, sizeof: 192 },
    },
    mesibo_message_params_t: {
      ...{ aid: 0, id: 8, refid: 16, groupid: 24, flags: 32, type: 40, expiry: 48, uflags: 56, status: 64 },
      ...{ sid: 72, device: 80, reserved_0: 88, reserved_3: 112, to: 120, from: 128, sizeof: 136 },
    },
    mesibo_user_t: { flags: 0, online: 8, address: 16, reserved_0: 24, sizeof: 56 },
    module_config_t: { count: 0, items: 8 },
    mesibo_http_t: { url: 0, post: 8, ims: 96, total_timeout: 128, on_data: 136, on_close: 152, sizeof: 160 },
    mesibo_socket_t: { url: 0, ssl_ctx: 32, on_connect: 40, on_close: 64, sizeof: 72 },
    mesibo_fcgi_t: { USER: 0, HTTP_ACCEPT_LANGUAGE: 176, body: 184, bodylen: 192, sizeof: 200 },
  },
};

/** Constants that modules write by name and a server reads by value, in every ABI. */
const CONSTANTS = {
  ...{ MESIBO_MODULE_VERSION: 1, MESIBO_RESULT_OK: 0, MESIBO_RESULT_PASS: 0, MESIBO_RESULT_CONSUMED: 1 },
  MESIBO_RESULT_FAIL: -1,
  ...{ MESIBO_FLAG_DELIVERYRECEIPT: 1, MESIBO_FLAG_READRECEIPT: 2, MESIBO_FLAG_TRANSIENT: 4, MESIBO_FLAG_PRESENCE: 8 },
  ...{ MESIBO_FLAG_MEDIA: 256, MESIBO_FLAG_OUTGOING: 65_536, MESIBO_UFLAG_TO_ONLINE: 1 },
  ...{ MESIBO_MODULE_MSGSTATUS_SENT: 1, MESIBO_MODULE_MSGSTATUS_DELIVERED: 2, MESIBO_MODULE_MSGSTATUS_READ: 3 },
  ...{ MESIBO_MODULE_MSGSTATUS_FAIL: 128, MESIBO_MODULE_MSGSTATUS_NOTACTIVE: 129 },
  ...{ MESIBO_MODULE_MSGSTATUS_INBOXFULL: 130, MESIBO_MODULE_MSGSTATUS_INVALIDDEST: 131 },
  ...{ MESIBO_MODULE_MSGSTATUS_NOINCOMING: 134, MESIBO_MODULE_MSGSTATUS_BLOCKED: 136 },
  ...{ MODULE_HTTP_STATE_REQUEST: 0, MODULE_HTTP_STATE_REQBODY: 1, MODULE_HTTP_STATE_RESPHEADER: 2 },
  ...{ MODULE_HTTP_STATE_RESPBODY: 3, MODULE_HTTP_STATE_DONE: 4 },
};

/** A program that prints what the header makes of each field of a layout, one "type.field=offset" a line. */
function printLayout(abi: Abi): string {
  const lines = Object.entries(LAYOUTS[abi]).flatMap(([type, fields]) =>
    Object.keys(fields).map((field) => {
      const value = field === 'sizeof' ? `sizeof(${type})` : `offsetof(${type}, ${field})`;
      return `printf("${type}.${field}=%lu\\n", (unsigned long)${value});`;
    }),
  );
  return `#define MESIBO_MODULE_ABI MESIBO_ABI_${abi}\n${PROGRAM_HEAD}int main(void) { ${lines.join('\n')} return 0; }\n`;
}
const PROGRAM_HEAD = '#include <stdio.h>\n#include <mesibo/module.h>\n';

function expectedLayout(abi: Abi): string[] {
  return Object.entries(LAYOUTS[abi]).flatMap(([type, fields]) =>
    Object.entries(fields).map(([field, at]) => `${type}.${field}=${at}`),
  );
}

function runProgram(name: string, source: string, compiler: string, flags: string[]): string {
  const path = join(dir, name);
  writeFileSync(`${path}.src`, source);
  execFileSync(compiler, [...flags, ...STRICT, '-o', path, `${path}.src`]);
  return execFileSync(path, { encoding: 'utf8' });
}

describe.each(ABIS)('module.h for %s', (abi) => {
  it('lays every structure out as the ABI does, in C11', () => {
    const output = runProgram(`c-${abi}`, printLayout(abi), CC, ['-std=c11', '-x', 'c']);
    expect(output.trim().split('\n')).toEqual(expectedLayout(abi));
  });

  it('has the constants that modules are compiled with', () => {
    const lines = Object.keys(CONSTANTS).map((name) => `printf("${name}=%ld\\n", (long)${name});`);
    const source = `#define MESIBO_MODULE_ABI MESIBO_ABI_${abi}\n${PROGRAM_HEAD}int main(void) { ${lines.join('\n')} return 0; }\n`;
    const output = runProgram(`constants-${abi}`, source, CC, ['-std=c11', '-x', 'c']);
    expect(output.trim().split('\n')).toEqual(Object.entries(CONSTANTS).map(([name, value]) => `${name}=${value}`));
  });

  it.skipIf(!HAS_CXX)('lays them out alike in C++11', () => {
    const output = runProgram(`cc-${abi}`, printLayout(abi), CXX, ['-std=c++11', '-x', 'c++']);
    expect(output.trim().split('\n')).toEqual(expectedLayout(abi));
  });
});

describe('choosing the ABI', () => {
  it('is table without a macro', () => {
    const source = `${PROGRAM_HEAD}int main(void) { printf("%lu", (unsigned long)sizeof(mesibo_module_t)); return 0; }\n`;
    expect(runProgram('default', source, CC, ['-std=c11', '-x', 'c'])).toBe('96');
  });

  it('refuses an invalid value', () => {
    const source = '#define MESIBO_MODULE_ABI 2021\n#include <mesibo/module.h>\n';
    const { status, stderr } = spawnSync(CC, ['-x', 'c', '-fsyntax-only', `-I${INCLUDE}`, '-'], {
      input: source,
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain('MESIBO_MODULE_ABI must be');
  });
});

describe('MESIBO_MODULE_SANITY_CHECK', () => {
  it('refuses another version, size and signature, logs which, and looks at the module last', () => {
    const source = `#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
${PROGRAM_HEAD}
mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...) {
  va_list args;
  (void)mod, (void)level;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  return 0;
}
static mesibo_int_t init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len) {
  MESIBO_MODULE_SANITY_CHECK(mod, version, len);
  return MESIBO_RESULT_OK;
}
int main(void) {
  static mesibo_module_t mod;
  mod.signature = MESIBO_MODULE_SIGNATURE;
  printf("%ld\\n", (long)init(1, &mod, sizeof(mod)));
  printf("%ld\\n", (long)init(2, NULL, sizeof(mod)));
  printf("%ld\\n", (long)init(1, NULL, 96));
  mod.signature = 1;
  printf("%ld\\n", (long)init(1, &mod, sizeof(mod)));
  return 0;
}
`;
    expect(runProgram('sanity', source, CC, ['-std=c11', '-x', 'c']).trim().split('\n')).toEqual([
      '0',
      ...['module version mismatch', '-1'],
      ...['module size mismatch', '-1'],
      ...['module signature mismatch', '-1'],
    ]);
  });
});

describe('MESIBO_EXPORT', () => {
  it.skipIf(!HAS_CXX)('keeps init visible and unmangled in C++, also with -fvisibility=hidden', () => {
    const source = `#include <mesibo/module.h>
MESIBO_EXPORT int mesibo_module_cxx_init(mesibo_module_t *mod, mesibo_uint_t len) {
  MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
  return 0;
}
`;
    const path = join(dir, 'cxx.so');
    writeFileSync(`${path}.cc`, source);
    execFileSync(CXX, [...STRICT, '-fvisibility=hidden', '-shared', '-fPIC', '-o', path, `${path}.cc`]);
    expect(readElf(path).exports).toContain('mesibo_module_cxx_init');
  });
});

describe('module.h in C++', () => {
  const compilers = ['g++', 'clang++'].filter((compiler) => spawnSync(compiler, ['--version']).error === undefined);
  const standards = ['c++11', 'c++14', 'c++17', 'c++20', 'gnu++17'];
  const cases = compilers.flatMap((compiler) =>
    standards.flatMap((standard) => ABIS.map((abi) => ({ compiler, standard, abi }))),
  );

  it.runIf(cases.length > 0).each(cases)(
    '$compiler -std=$standard for $abi gets no warning',
    ({ compiler, standard, abi }) => {
      const flags = [
        ...STRICT,
        '-Wpedantic',
        '-Wold-style-cast',
        `-std=${standard}`,
        `-DMESIBO_MODULE_ABI=MESIBO_ABI_${abi}`,
      ];
      const { status, stderr } = spawnSync(compiler, [...flags, '-x', 'c++', '-fsyntax-only', '-'], {
        input: '#include <mesibo/module.h>\nint main() { return sizeof(mesibo_module_t) == 0; }\n',
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([0, '']);
    },
  );
});
