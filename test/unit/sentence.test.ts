import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.js';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { coreCommand, joinSentences, readSentence, sentence, shellCommand } from '../../src/sentence.js';

const logs = coreCommand('logs', 'm');

describe('a sentence', () => {
  it('keeps its parts, and commands as data', () => {
    const inner = sentence`see: ${logs}`;
    const told = sentence`host ${7} died; ${inner}, or end it: ${shellCommand('kill', '-KILL', '7')}${''}`;
    expect(told.parts).toEqual([
      'host ',
      '7',
      ' died; ',
      'see: ',
      logs,
      ', or end it: ',
      shellCommand('kill', '-KILL', '7'),
    ]);
    expect(`${told}`).toBe('host 7 died; see: mesibo-modules logs m, or end it: kill -KILL 7');
    expect(sentence``.parts).toEqual([]);
  });

  it('has its options in the commands that are for a core, and in no others', () => {
    const told = sentence`${logs}; then: ${coreCommand('reset', 'm')}; ${shellCommand('kill', '7')}; mesibo-modules status`;
    expect(`${told.withOptions(['--run-dir', "/it's here"])}`).toBe(
      "mesibo-modules --run-dir '/it'\\''s here' logs m; then: mesibo-modules --run-dir '/it'\\''s here' reset m; kill 7; mesibo-modules status",
    );
  });

  it('is quoted as a shell takes it', () => {
    expect(`${sentence`${coreCommand('start', 'a b', '', '$x')}`}`).toBe("mesibo-modules start 'a b' '' '$x'");
  });

  it('has lines, and a command is in one of them', () => {
    const told = sentence`one\n${logs} two\n\nthree`;
    expect(told.lines().map(String)).toEqual(['one', 'mesibo-modules logs m two', '', 'three']);
    expect(told.lines()[1]?.parts[1]).toEqual(logs);
    expect(sentence``.lines().map(String)).toEqual(['']);
  });

  it('is joined with others, and changed as a whole', () => {
    const told = joinSentences(['a', sentence`b ${logs}`, 'c'], '; ');
    expect(`${told.map((text) => text.toUpperCase())}`).toBe('A; B mesibo-modules LOGS M; C');
  });

  it('survives JSON by its parts', () => {
    const { parts } = JSON.parse(JSON.stringify(sentence`see: ${logs}`));
    expect(`${readSentence(parts)}`).toBe('see: mesibo-modules logs m');
    const others = [undefined, 'see', [7], [null], [{ kind: 'link', words: ['a'] }], [{ kind: 'core' }]];
    for (const other of [...others, [{ kind: 'core', words: [1] }]]) expect(readSentence(other)).toBeNull();
  });
});

describe('commands in sentences', () => {
  const sources = ['src', 'cli'].flatMap((folder) =>
    readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!\.d)\.ts$/.test(file))
      .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(PACKAGE_ROOT, folder, file), 'utf8') })),
  );
  const verbs = createProgram().commands.map((verb) => verb.name());

  it('are existing verbs that go to a core', () => {
    const told = sources.flatMap(({ text }) => [...text.matchAll(/coreCommand\('([^']+)'/g)].map(([, verb]) => verb));
    expect(told.length).toBeGreaterThan(8);
    const local = ['try', 'check', 'run', 'completion', 'demo', 'help'];
    expect(told.filter((verb) => !verbs.includes(verb ?? '') || local.includes(verb ?? ''))).toEqual([]);
  });

  it('never stand in plain text', () => {
    const command = new RegExp(`mesibo-modules (?:${verbs.join('|')})(?![\\w-])|\\bkill (?:-[A-Z]|\\$)`);
    const PAGES =
      /^(?:cli\/(?:reference|commands\/(?:crashes|quarantine|run|try)\.ts)|src\/config\/(?:manual|page-text|reference)\.ts)/;
    const isComment = (line: string) => /^\s*(?:\/?\*|\/\/)/.test(line);
    const found = sources
      .filter(({ file }) => !PAGES.test(file))
      .flatMap(({ file, text }) => text.split('\n').map((line) => ({ file, line: line.trim() })))
      .filter(({ line }) => command.test(line) && !isComment(line));
    expect(found).toEqual([]);
  });
});
