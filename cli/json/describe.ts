/** The documents of `--json` in Markdown: pure. */

import { z } from 'zod';
import { BY_LINE, DOCUMENTS } from './schemas.js';

interface Schema {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** A section for each verb. */
export function describeJson(): string {
  return Object.entries(DOCUMENTS)
    .flatMap(([verb, documents]) => [
      `### ${verb} --json`,
      '',
      BY_LINE.has(verb) ? `A document a line${documents.length > 1 ? ', each one of these' : ''}.` : 'One document.',
      ...documents.flatMap((document) => {
        const schema = z.toJSONSchema(document) as Schema;
        return [...(schema.description ? ['', `\`${schema.description} --json\`:`] : []), '', ...fieldTable(schema)];
      }),
      '',
    ])
    .join('\n')
    .trimEnd();
}

function fieldTable(schema: Schema): string[] {
  const rows = fields('', schema);
  return [
    '| field | type | |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| \`${row.path}\` | ${row.type} | ${row.meaning} |`.replaceAll('|  |', '| |')),
  ];
}

function fields(path: string, schema: Schema): { path: string; type: string; meaning: string }[] {
  const inner = schema.anyOf?.find(({ type }) => type === 'object' || type === 'array') ?? schema;
  const own = path === '' ? [] : [{ path, type: typeOf(schema), meaning: schema.description ?? '' }];
  if (inner.type === 'array' && inner.items) {
    const below = inner.items.type === 'object' ? fields(`${path}[]`, inner.items).slice(1) : [];
    return path === '' ? fields('[]', inner.items).slice(1) : [...own, ...below];
  }
  const properties = Object.entries(inner.properties ?? {});
  const optional = (name: string) => (inner.required?.includes(name) ? '' : '?');
  return [
    ...own,
    ...properties.flatMap(([name, value]) => fields(`${path === '' ? '' : `${path}.`}${name}${optional(name)}`, value)),
  ];
}

function typeOf({ type, enum: values, anyOf, items }: Schema): string {
  if (anyOf) return anyOf.map(typeOf).join(' or ');
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (type === 'array') return `list of ${items?.type === 'object' ? 'objects' : `${typeOf(items ?? {})}s`}`;
  return Array.isArray(type) ? type.join(' or ') : (type ?? 'anything');
}
