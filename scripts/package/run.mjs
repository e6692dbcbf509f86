// Commands of the package check: bounded, quiet when they work, whole when they do not.
import { spawnSync } from 'node:child_process';

const LIMIT_MS = 300_000;

/**
 * Runs a command and gives what it printed.
 *
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, expect?: number }} [options] - `expect`: the exit code, 0 unless given
 */
export function run(command, args, { cwd, env, expect = 0 } = {}) {
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  if (result.status === expect) return result;
  const end = result.error?.message ?? result.signal ?? `exit ${result.status}`;
  throw new Error(
    `${[command, ...args].join(' ')}: ${end}, where exit ${expect} was expected\n${result.stdout}${result.stderr}`,
  );
}

/** Throws unless a text has the expected content. */
export function mustContain(text, part, what) {
  if (!text.includes(part)) throw new Error(`${what}: expected "${part}" in:\n${text}`);
}

/** npm runs this. The settings of npm for this package must not reach the commands that it runs. */
export function withoutNpm(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(package|lifecycle|config_local)/.test(name)),
  );
}
