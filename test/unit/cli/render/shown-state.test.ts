import { expect, test } from 'vitest';
import { renderDescription } from '../../../../cli/render/describe.js';
import { renderList } from '../../../../cli/render/list.js';
import { shownStateOf, styleOf } from '../../../../cli/render/shown-state.js';
import { renderStatus } from '../../../../cli/render/status.js';
import type { ModuleState } from '../../../../src/supervisor/types.js';
import { NOW, serving, statusOf, stopping } from '../../../helpers/statuses.js';

const view = { nowMs: NOW, width: 100, colour: false, options: [] };

test('a module is stopping from the order on, until its last host has ended', () => {
  expect(shownStateOf(serving)).toBe('serving');
  expect(shownStateOf(stopping)).toBe('stopping');
  const hosts = stopping.hosts.map((host) => ({ ...host, state: 'exited' as const }));
  expect(shownStateOf({ ...stopping, state: 'stopped', hosts })).toBe('stopped');
});

test('a state of a later version has no style', () => {
  expect(styleOf(stopping)).toBe('yellow');
  expect(styleOf({ ...serving, state: 'new in a later version' as ModuleState })).toBeNull();
});

test('status, list and describe show it', () => {
  expect(renderStatus(statusOf(stopping), view)).toMatch(/^slow +stopping /m);
  expect(renderList([stopping], view)).toMatch(/^slow +stopping /m);
  const description = { ...stopping, settings: [], env: [], config: [] };
  expect(renderDescription(description, view)).toMatch(/^ +state +stopping; it stays stopped until: .* start slow$/m);
});
