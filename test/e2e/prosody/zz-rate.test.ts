import { connect } from 'node:net';
import { it } from 'vitest';
import { makeScene } from './scene.js';
import { User } from './user.js';
it('rate', async () => {
  const { prosody, alice, bob } = await makeScene({ globals: process.env.GLOBALS ?? '' });
  for (const n of [2000, 2000]) {
  let got = 0; let tail = '';
  await new Promise<void>((done) => {
    const count = (part: Buffer | string) => { const s = tail + part; const m = s.match(/<\/body>/g); if (m) got += m.length; const i = s.lastIndexOf('</body>'); tail = i < 0 ? s.slice(-10) : s.slice(i + 7).slice(-10); if (got >= n) { bob.client.socket!.off('data', count); done(); } };
    bob.client.socket!.removeAllListeners('data');
    bob.client.socket!.on('data', count);
    const t0 = performance.now();
    let text = '';
    for (let i = 0; i < n; i++) text += `<message to="${bob.bare}" type="chat" id="x${i}"><body>hello ${i}</body></message>`;
    alice.client.socket!.write(text);
    void t0;
    globalThis.t0 = t0;
  });
  const s = (performance.now() - globalThis.t0) / 1000;
  console.log(`${n} in ${s.toFixed(2)} s: ${(n / s).toFixed(0)}/s`);
  }
  console.log('overload', await prosody.counted('overload'), 'asked', await prosody.counted('asked'), prosody.log.filter((l)=>/error/.test(l)).slice(0,3));
}, 120000);
