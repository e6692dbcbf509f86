/**
 * A core whose state directory takes no copies: its module crashes after its file was replaced, and is then reloaded.
 * Prints the module's status before the crash, after the start that failed, and after the reload.
 */

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { makeConfig, Supervisor } from 'mesibo-modules';

const [place] = process.argv.slice(2);
const path = join(place, 'modules', 'module.so');
const config = makeConfig({ modules: [{ name: 'names_its_build', path, abi: 'exports-2020' }] });
const supervisor = new Supervisor(config, { runDir: join(place, 'run'), stateDir: join(place, 'state') });
const status = () => supervisor.status().modules[0];

await supervisor.start();
const before = status();
renameSync(`${path}.new`, path);
const failed = new Promise((done) => {
  supervisor.on('lifecycle', (event) => {
    const isFailed = event.kind === 'exited' && event.cause === 'start';
    // That must not be: the status tells.
    if (isFailed || event.kind === 'ready') done();
  });
});
process.kill(before.pid, 'SIGSEGV');
await failed;
const after = status();
await supervisor.reload(config);
const reloaded = status();
await supervisor.stop();
process.stdout.write(JSON.stringify({ before, after, reloaded }));
