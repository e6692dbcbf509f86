import { expect, it } from 'vitest';
import { HttpWarnings } from '../../../src/http/warnings.js';

function scene() {
  const said: string[] = [];
  const clock = { nowMs: 0 };
  const warnings = new HttpWarnings(
    (text) => said.push(text),
    () => clock.nowMs,
  );
  const later = (ms: number) => {
    clock.nowMs += ms;
    warnings.look();
  };
  return { said, warnings, later };
}

it('wrong tokens hide no other warning, and are counted in one line', () => {
  const { said, warnings, later } = scene();
  for (let i = 0; i < 500; i++) warnings.add('token', 'the token is wrong', '10.0.0.1');
  for (let i = 2; i <= 6; i++) warnings.add('token', 'the token is wrong', `10.0.0.${i}`);
  warnings.add('cut off', 'a caller was cut off');
  expect(said).toEqual(['the token is wrong; it came from 10.0.0.1', 'a caller was cut off']);
  later(9999);
  expect(said).toHaveLength(2);
  later(1);
  expect(said.slice(2)).toEqual([
    'the token is wrong; 504 times like this; they came from 10.0.0.1, 10.0.0.2, 10.0.0.3 and others',
  ]);
  warnings.add('token', 'the token is wrong', '10.0.0.9');
  later(10_000);
  expect(said.slice(3)).toEqual(['the token is wrong; it came from 10.0.0.9']);
  // A time without any is over.
  later(10_000);
  later(10_000);
  warnings.add('token', 'the token is wrong', '10.0.0.9');
  expect(said).toHaveLength(5);
});

it('the last warnings are logged at the end, and many kinds take no memory', () => {
  const { said, warnings } = scene();
  for (let i = 0; i < 1000; i++) warnings.add(`kind ${i}`, `text ${i}`);
  expect(said).toHaveLength(101);
  warnings.close();
  expect(said.slice(101)).toEqual(['text 999; 899 times like this']);
});
