/**
 * The document that the module API was first described in, held against module.h: its C compiles, and its types are
 * ours. It is not part of this repository; MESIBO_FOUNDING_DOCUMENT says where it is.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { findCBlocks, kindOf, wrapBlock } from '../../helpers/c-blocks.js';
import type { Block } from '../../helpers/doc-blocks.js';

const DOCUMENT = process.env.MESIBO_FOUNDING_DOCUMENT;
const INCLUDE = join(PACKAGE_ROOT, 'modules/include');
const FLAGS = ['-std=c11', '-fsyntax-only', '-Wall', '-Werror', `-I${INCLUDE}`, '-x', 'c', '-'];

/** What the compiler says about a block; nothing when all is well. */
function compile(code: string): string {
  const { status, stderr, error } = spawnSync(process.env.CC ?? 'cc', FLAGS, {
    input: wrapBlock(code),
    encoding: 'utf8',
  });
  if (error) throw error;
  return status === 0 ? '' : stderr || `exit ${status}`;
}

if (!DOCUMENT) {
  console.warn(
    'SKIPPED: MESIBO_FOUNDING_DOCUMENT names no document, so nothing checks that the C of the document in which the ' +
      'module API was first described compiles against module.h, or that its types are ours.',
  );
}

describe.skipIf(!DOCUMENT)('the founding document (its path: MESIBO_FOUNDING_DOCUMENT)', () => {
  const blocks = DOCUMENT ? findCBlocks(readFileSync(DOCUMENT, 'utf8')) : [];
  /** One snippet writes strings as character constants, which no compiler takes. */
  const isException = ({ text }: Block) => text.includes("p.to = 'user_source';");

  it('has every kind of block', () => {
    expect(new Set(blocks.map(({ text }) => kindOf(text)))).toEqual(
      new Set(['struct', 'enum', 'typedef', 'pointer', 'function', 'statements']),
    );
    const types = blocks.flatMap(({ text }) =>
      kindOf(text) === 'struct' ? (/\}\s*(\w+);/.exec(text)?.[1] ?? []) : [],
    );
    expect(types).toEqual(['mesibo_module_t', 'mesibo_message_params_t', 'module_http_option_t']);
  });

  it.each(blocks.filter((block) => !isException(block)).map((block) => ({ ...block, kind: kindOf(block.text) })))(
    'line $line compiles against module.h, and agrees with it ($kind)',
    ({ text }) => {
      expect(compile(text)).toBe('');
    },
  );

  it('has one block that does not compile, and only for its character constants', () => {
    const exceptions = blocks.filter(isException);
    expect(exceptions).toHaveLength(1);
    const { text } = exceptions[0] as Block;
    expect(compile(text)).toContain('character constant');
    expect(compile(text.replace(/'(user_\w+)'/g, '"$1"'))).toBe('');
  });
});

describe('holding a document against module.h', () => {
  const TYPES = `typedef struct _module_http_option_t {
  const char *proxy, *content_type, *extra_header, *user_agent, *referrer, *origin, *cookie, *encoding; // eight
  const char *cache_control, *accept, *etag;
  mesibo_uint_t ims, maxredirects, conn_timeout, header_timeout, body_timeout, total_timeout, retries;
} module_http_option_t;`;
  const STATES = ['REQUEST', 'REQBODY', 'RESPHEADER', 'RESPBODY', 'DONE'].map((name) => `MODULE_HTTP_STATE_${name}`);
  const states = (names: string[]) => `typedef enum { ${names.join(', ')} } module_http_state_t;`;

  it.each([
    ['a structure', TYPES],
    ['an enumeration', states(STATES)],
    ['a callback', 'int (*on_call)(mesibo_module_t *mod)'],
    ['a function type', 'typedef uintptr_t mesibo_uint_t;'],
    ['statements', 'mod->log(mod, 0, "%d", 1);'],
    ['a function', 'static int f(void) { return 0; }'],
  ])('takes %s that agrees', (_, code) => {
    expect(compile(code)).toBe('');
  });

  it.each([
    ['fields in another order', TYPES.replace('ims, maxredirects', 'maxredirects, ims'), 'place of'],
    ['a field of another type', TYPES.replace('mesibo_uint_t ims', 'mesibo_int_t ims'), 'type of ims'],
    ['a field that is not ours', TYPES.replace('retries', 'retries, patience'), 'patience'],
    ['a field less', TYPES.replace(', retries', ''), 'size of module_http_option_t'],
    ['values in another order', states(STATES.toReversed()), 'value of'],
    ['a value less', states(STATES.slice(0, -1)), 'MODULE_HTTP_STATE_DONE'],
    ['a callback with another argument', 'int (*on_call)(void *mod)', 'type of on_call'],
    ['a callback that we have not', 'int (*on_fax)(mesibo_module_t *mod)', 'on_fax'],
    ['another function type', 'typedef int mesibo_uint_t;', 'mesibo_uint_t'],
    ['a call with a wrong argument', 'mod->log(mod, 0, "%s", 1);', '%s'],
    ['a function that does not compile', 'int f(void) { return nothing; }', 'nothing'],
  ])('refuses %s', (_, code, why) => {
    expect(compile(code)).toContain(why);
  });

  it('finds the blocks of C in a document, with their lines', () => {
    const markdown = '# Title\n```C\nint a;\n```\n```\nsudo run\n```\n```\ntypedef int b;\n```\n```sh\nls\n```\n';
    expect(findCBlocks(markdown)).toEqual([
      { line: 3, language: 'C', text: 'int a;\n' },
      { line: 9, language: '', text: 'typedef int b;\n' },
    ]);
    expect(() => findCBlocks('```C\nint a;')).toThrow('no end');
  });
});
