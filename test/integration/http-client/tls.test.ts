import { execFile } from 'node:child_process';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { hasOpenssl, makeCertificate } from '../../helpers/certificate.js';
import { closeServers, type LocalServer, listen, serveTunnels } from './servers.js';
import { NOTHING, Visitor } from './visitor.js';

afterEach(closeServers);

/** An https server whose certificate is good for 127.0.0.1 and localhost, and trusted by nobody. */
async function serveHttps(): Promise<LocalServer & { certificate: string }> {
  const { file: certificate, ...own } = makeCertificate();
  const server = createServer(own, (req, res) => {
    res.end(`${req.method} ${req.url} of ${req.headers.host}`);
  });
  return { ...(await listen(server)), certificate };
}

/** Asks in a process of its own, which trusts a certificate as hosts do. */
async function getTrusting(certificate: string, ask: { url: string; proxy?: string }): Promise<unknown> {
  const client = pathToFileURL(join(PACKAGE_ROOT, 'dist/src/host-runner/services/http/client.js'));
  const program = `
    import { HttpClient } from ${JSON.stringify(client.href)};
    const outcome = { body: '' };
    const client = new HttpClient({
      status: (id, status) => ((outcome.status = status), 1),
      data: (id, progress, bytes) => ((outcome.body += bytes), 1),
      end: (id, result, why) => console.log(JSON.stringify({ ...outcome, result, why })),
    });
    client.request(1, ${JSON.stringify({ ...NOTHING, ...ask })});`;
  const env = { ...process.env, MESIBO_EXTRA_CA_CERTS: certificate };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env });
  return JSON.parse(stdout);
}

describe.skipIf(!hasOpenssl)('a server with a certificate', () => {
  it('that nobody trusts gets no request', async () => {
    const server = await serveHttps();
    const { result, why, status } = await new Visitor().get({ url: `https://${server.host}/secret`, cookie: 'secret' });
    expect({ result, why, status }).toEqual({
      result: -1,
      why: 'no trusted connection to 127.0.0.1: self-signed certificate',
      status: null,
    });
  });

  it('that is trusted gets the request', async () => {
    const server = await serveHttps();
    for (const host of [server.host, `localhost:${server.port}`]) {
      expect(await getTrusting(server.certificate, { url: `https://${host}/a` })).toEqual({
        status: 200,
        body: `GET /a of ${host}`,
        result: 0,
        why: '',
      });
    }
  });

  it('that is trusted gets it through a tunnel, in which the proxy sees nothing of it', async () => {
    const server = await serveHttps();
    const proxy = await serveTunnels(server.port);
    const url = `https://localhost:${server.port}/a`;
    expect(await getTrusting(server.certificate, { url, proxy: proxy.host })).toMatchObject({ result: 0, status: 200 });
    expect(proxy.requests).toHaveLength(1);
    expect(proxy.requests[0]?.text).not.toContain('/a');
  });

  it('of another name gets no request', async () => {
    const server = await serveHttps();
    const proxy = await serveTunnels(server.port);
    expect(await getTrusting(server.certificate, { url: 'https://some.invalid/', proxy: proxy.host })).toMatchObject({
      result: -1,
      why: expect.stringMatching(/^no trusted connection to some\.invalid: .*some\.invalid/),
    });
  });
});
