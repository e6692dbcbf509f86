import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { reachCore } from '../../../src/control/client/probe.js';

it('a core whose queue of connections is full counts as silent', async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'probe-'));
  const path = join(runDir, 'control.sock');
  const server = createServer();
  await once(server.listen({ path, backlog: 1 }), 'listening');
  // All in one turn of the loop, in which the server accepts nothing.
  const waiting = Array.from({ length: 3 }, () => connect(path).on('error', () => undefined));
  const probed = reachCore(runDir);
  await expect(probed).rejects.toMatchObject({
    code: 'CORE_SILENT',
    message: `the core serving ${runDir} takes no connections, and its queue of connections is full; see: mesibo-modules logs`,
  });
  for (const socket of waiting) socket.destroy();
  server.close();
  rmSync(runDir, { recursive: true });
});
