// Makes the image of the Dockerfile without an engine. Each stage is a folder. The COPY lines of the Dockerfile fill it from the
// files that .dockerignore leaves, and its RUN lines run in it. Lines that change the system are left out.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { mustContain, run, withoutNpm } from './run.mjs';

/** Commands that need the image itself, and that the others do not depend on. */
const NEEDS_IMAGE = /^(apt-get|useradd) /;
const LOCKED = ['package-lock.json', 'package.json'];
const ROOT = '/opt/mesibo-modules';

/** The major version of Node.js that the image runs. */
export function imageNode() {
  return /^FROM node:(\d+)/m.exec(readFileSync('Dockerfile', 'utf8'))[1];
}

/** Makes the image below a folder, with a given Node.js, and tries the result. */
export function makeImage(directory, nodeBin) {
  const path = [nodeBin, process.env.PATH].join(delimiter);
  const env = withoutNpm({ ...process.env, PATH: path, MESIBO_RUN_DIR: join(directory, 'run') });
  const image = build(directory, env);
  requireLocked(join(image, ROOT));
  const [, target] = /ln -s (\S+) \/usr\/local\/bin\/mesibo-modules/.exec(readFileSync('Dockerfile', 'utf8'));
  const { stdout } = run(join(image, target), ['demo'], { cwd: image, env });
  mustContain(stdout, 'All stopped, nothing left behind.', 'the demo in the image');
}

/** Gives the folder of the last stage. */
function build(directory, env) {
  const stages = new Map();
  let stage;
  let workdir;
  for (const { verb, rest } of instructions(readFileSync('Dockerfile', 'utf8'))) {
    if (verb === 'FROM') {
      stage = join(directory, `stage-${stages.size}`);
      stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? '', stage);
      workdir = '/';
    } else if (verb === 'WORKDIR') {
      workdir = rest;
      mkdirSync(join(stage, workdir), { recursive: true });
    } else if (verb === 'COPY') {
      const words = rest.split(/\s+/);
      const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : null;
      const to = words.pop();
      const target = join(stage, to.startsWith('/') ? to : join(workdir, to));
      for (const source of words) from ? cpSync(join(from, source), target, { recursive: true }) : send(source, target);
    } else if (verb === 'RUN' && !NEEDS_IMAGE.test(rest)) {
      const cwd = join(stage, workdir);
      if (rest.startsWith('npm ci')) requireOnlyLocked(cwd);
      run('sh', ['-ec', rest], { cwd, env });
    }
  }
  return stage;
}

/** Copies a file, or all there are for `.`, from the context. */
function send(source, target) {
  const wanted = contextFiles().filter((file) => source === '.' || file === source);
  if (wanted.length === 0) throw new Error(`Dockerfile: COPY ${source}: .dockerignore leaves nothing of it`);
  for (const file of wanted) cpSync(file, join(target, file));
}

/** The files that are sent to the builder. The last pattern of .dockerignore that fits a file decides. */
function contextFiles() {
  const patterns = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const isSent = (file) => {
    const last = patterns.findLast((pattern) => fits(file, pattern.replace(/^!/, '')));
    return last === undefined || last.startsWith('!');
  };
  const kept = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return kept
    .filter((path) => existsSync(path))
    .flatMap(filesBelow)
    .filter(isSent);
}

function fits(file, pattern) {
  return pattern === '*' || file === pattern || file.startsWith(`${pattern}/`);
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Dependencies must be installed before the sources are copied: so their layer is kept when only sources change. */
function requireOnlyLocked(cwd) {
  const found = readdirSync(cwd).sort();
  if (found.join() !== LOCKED.join())
    throw new Error(
      `Dockerfile: npm ci is run beside ${found.join(', ')}; its layer should depend on ${LOCKED.join(' and ')} alone`,
    );
}

/** Checks that exactly the packages of the lock file are installed, without those for development. */
function requireLocked(root) {
  const locked = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const installed = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
  const strange = Object.entries(installed)
    .filter(([name, { version }]) => locked[name]?.version !== version || locked[name].dev)
    .map(([name, { version }]) => `${name} ${version}`);
  if (strange.length > 0)
    throw new Error(`Dockerfile: in the image, and not by package-lock.json: ${strange.join(', ')}`);
}

/** The instructions of a Dockerfile, each in one line. */
function instructions(text) {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .replaceAll(/\\\n/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, verb, rest] = /^(\w+)\s+(.*)$/.exec(line);
      return { verb, rest };
    });
}
