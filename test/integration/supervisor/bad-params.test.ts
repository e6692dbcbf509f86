import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeConfig } from '../../../src/config/make.js';
import { Core } from '../../../src/core/core.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

it('invalid params are refused as an invalid argument, with the reason', async () => {
  const directory = makeTempDir();
  const core = new Core(makeConfig({ gateway: 'off' }), {
    runDir: join(directory, 'run'),
    stateDir: join(directory, 's'),
  });
  core.takeSends(() => undefined);
  onTestFinished(() => core.stop());
  await core.start();
  const payload = Buffer.from('x');
  const refused = (message: string) => ({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
  await expect(core.onMessage(null as never, payload)).rejects.toMatchObject(refused('the params are not an object'));
  await expect(core.onMessage({ from: 5 } as never, payload)).rejects.toMatchObject(refused('from is a number'));
  await expect(core.onMessage({ from: 'a', to: 'b' }, payload)).resolves.toMatchObject({ verdict: 'pass' });
});
