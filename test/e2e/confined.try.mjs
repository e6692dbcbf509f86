import { makeConfig, Supervisor } from 'mesibo-modules';
import { mkdtempSync } from 'node:fs';
const [, , opts, ...texts] = process.argv;
const runDir = mkdtempSync('/tmp/mmt-'); (await import('node:fs')).chmodSync(runDir, 0o755);
const config = makeConfig({ modules: [{ name: 'confined', path: new URL('../fixtures/build/confined.so', import.meta.url).pathname, abi: 'table', deadlineMs: 10000, ...JSON.parse(opts) }] });
const s = new Supervisor(config, { runDir: runDir + '/run', stateDir: process.env.STATE });
s.on('log', (l) => console.log('LOG', l.source, l.level, l.text));
s.on('lifecycle', (e) => console.log('LIFE', e.kind, e.cause ?? e.pid ?? e.to, e.signal ?? '', e.kind === 'exited' ? e.exitCode : ''));
const t0 = performance.now();
const r = await s.start();
console.log('started', Math.round(performance.now() - t0), r.refused.map((x) => x.error.message));
for (const t of texts) {
  if (t === 'sleep') { await new Promise((r) => setTimeout(r, 1500)); continue; }
  const o = await s.onMessage({ from: 'a', to: 'b' }, Buffer.from(t));
  console.log('OUT', t, o.verdict, JSON.stringify(o.by ?? o.modules ?? null));
}
await new Promise((r) => setTimeout(r, 300));
await s.stop();
