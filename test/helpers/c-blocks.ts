/** The C in a Markdown document, and how each piece of it is compared with module.h. */

import { type Block, findBlocks } from './doc-blocks.js';

/** Definitions for names that a document does not define, so the blocks that use them can be compiled. */
const PRELUDE = `#define _GNU_SOURCE
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <mesibo/module.h>
typedef struct { mesibo_module_t *mod; char buffer[65536]; int datalen; } tMessageContext;
int test_cleanup(mesibo_module_t *mod);
int test_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message, mesibo_uint_t len);
int test_on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status);
`;
const CALLBACK = 'int mesibo_http_callback(void *, mesibo_int_t, mesibo_int_t, const char *, mesibo_int_t);\n';

/** The blocks of C: those marked as C, and those without a language that define a type. */
export function findCBlocks(markdown: string): Block[] {
  return findBlocks(markdown).filter(
    ({ language, text }) => language.toLowerCase() === 'c' || (language === '' && /^\s*typedef\b/.test(text)),
  );
}

/** The kind of a block: it decides how a file is made of the block, and what in that file is compared with the header. */
export function kindOf(code: string): 'struct' | 'enum' | 'typedef' | 'pointer' | 'function' | 'statements' {
  if (/^\s*typedef\s+struct\b/.test(code)) return 'struct';
  if (/^\s*typedef\s+enum\b/.test(code)) return 'enum';
  if (/^\s*typedef\b/.test(code)) return 'typedef';
  if (/^\s*int\s*\(\*\w+\)\s*\([^;{}]*\);?\s*$/.test(code)) return 'pointer';
  if (/^\s*(static\s+)?int\s+\w+\s*\([^;{}]*\)\s*\{/.test(code)) return 'function';
  return 'statements';
}

/** A file that compiles exactly when the block agrees with module.h. */
export function wrapBlock(code: string): string {
  switch (kindOf(code)) {
    case 'struct':
      return PRELUDE + compareStruct(code);
    case 'enum':
      return PRELUDE + compareEnum(code);
    case 'typedef':
      // C11 lets a type be named twice if it is the same one both times.
      return `${PRELUDE}${code}\n`;
    case 'pointer':
      return PRELUDE + comparePointer(code);
    case 'function': {
      const name = /int\s+(\w+)\s*\(/.exec(code)?.[1];
      return `${PRELUDE}${code}\nvoid use(const void **p);\nvoid use(const void **p) { *p = (const void *)&${name}; }\n`;
    }
    case 'statements':
      return `${PRELUDE}${CALLBACK}void statements(mesibo_module_t *mod);\nvoid statements(mesibo_module_t *mod) {\n${code}\n}\n`;
  }
}

/** The document's structure beside the header's: each field at the same place with the same type, and none besides. */
function compareStruct(code: string): string {
  const name = typeName(code);
  const renamed = code
    .replace(/typedef\s+struct\s+\w+/, 'typedef struct document_s')
    .replace(new RegExp(`\\}\\s*${name}\\s*;`), '} document_t;');
  const body = withoutComments(code)
    .replace(/^[^{]*\{/, '')
    .replace(/\}[^}]*$/, '');
  const fields = body.split(';').flatMap(fieldsOf);
  if (fields.length === 0) throw new Error(`no fields in ${name}`);
  return [
    renamed,
    ...fields.map((field) =>
      holds(`offsetof(document_t, ${field}) == offsetof(${name}, ${field})`, `place of ${field}`),
    ),
    ...fields.map((field) =>
      holds(sameType(`((document_t *)0)->${field}`, `((${name} *)0)->${field}`), `type of ${field}`),
    ),
    // All are as wide as a pointer: one more in the header would show here.
    holds(`sizeof(document_t) == sizeof(${name})`, `size of ${name}`),
    '',
  ].join('\n');
}

/** The names that one declaration in a structure declares. */
function fieldsOf(declaration: string): string[] {
  const pointer = /\(\*(\w+)\)/.exec(declaration);
  if (pointer) return [pointer[1] as string];
  return declaration.split(',').flatMap((part) => /(\w+)\s*$/.exec(part)?.[1] ?? []);
}

/** The document's numbers beside the header's, and as many of them. */
function compareEnum(code: string): string {
  const names = withoutComments(code)
    .replace(/^[^{]*\{/, '')
    .replace(/\}[^}]*$/, '')
    .split(',')
    .map((name) => name.trim());
  const own = names.map((name) => `DOCUMENT_${name}`);
  return [
    `enum { ${own.join(', ')} };`,
    ...names.map((name, at) => holds(`${name} == (int)${own[at]}`, `value of ${name}`)),
    // With -Wswitch-enum a value of the header that is not listed is an error.
    '#pragma GCC diagnostic error "-Wswitch-enum"',
    `int complete(${typeName(code)} v);\nint complete(${typeName(code)} v) { switch (v) { ${names.map((name) => `case ${name}: `).join('')}return 1; } return 0; }\n`,
  ].join('\n');
}

/** The document's function pointer beside the field of the same name. */
function comparePointer(code: string): string {
  const name = /\(\*(\w+)\)/.exec(code)?.[1] as string;
  const declaration = code.trim().replace(/;?$/, ';').replace(`(*${name})`, '(*document_pointer)');
  return `extern ${declaration}\n${holds(sameType('document_pointer', `((mesibo_module_t *)0)->${name}`), `type of ${name}`)}\n`;
}

function typeName(code: string): string {
  const name = /\}\s*(\w+)\s*;\s*$/.exec(code)?.[1];
  if (!name) throw new Error(`no name of a type at the end of: ${code}`);
  return name;
}

function sameType(one: string, other: string): string {
  return `__builtin_types_compatible_p(__typeof__(${one}), __typeof__(${other}))`;
}

function holds(condition: string, what: string): string {
  return `_Static_assert(${condition}, "${what}");`;
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
