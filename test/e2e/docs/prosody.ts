/** docs/prosody.md, followed with a real Prosody that has its files and its port in the clone. */

import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { MISSING } from '../prosody/prosody.js';
import type { Clone } from './clone.js';
import { exempt, file, type Step, sh } from './steps.js';

const INSTALLED = '/usr/lib/node_modules/mesibo-modules';

/** What Prosody's package has brought, but with files and a port of the clone's own. */
function baseConfig({ root }: Clone): string {
  return `
run_as_root = true
data_path = "${root}/prosody/data"
pidfile = "${root}/prosody/pid"
certificates = "${root}/prosody"
admin_socket = "${root}/prosody/admin.sock"
modules_disabled = { "s2s"; "tls"; "http" }
c2s_require_encryption = false
c2s_interfaces = { "127.0.0.1" }
c2s_ports = { ENV_C2S_PORT }
c2s_direct_tls_ports = { }
log = { info = "*console" }
`;
}

/** Lines of Prosody's configuration, put behind those that are there. */
const configures: Step = ({ language, text }, clone) => {
  expect(language).toBe('lua');
  const before = clone.sh('cat prosody/prosody.cfg.lua || true').stdout || baseConfig(clone);
  const here = text.replaceAll(INSTALLED, PACKAGE_ROOT).replaceAll('/run/mesibo-modules', join(clone.root, 'run'));
  clone.write('prosody/prosody.cfg.lua', `${before}${here}`);
  clone.command('prosodyctl', `exec /usr/bin/prosodyctl --config '${clone.root}/prosody/prosody.cfg.lua' "$@"`);
};

/** Prints a port that nobody has. */
export const FREE_PORT = `node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'`;

/** Starts Prosody on a port that nobody has; another one may be faster, so it is tried again. */
const START_PROSODY = `
for try in 1 2 3 4 5; do
  ${FREE_PORT} > port
  C2S_PORT=$(cat port) prosody -F --config prosody/prosody.cfg.lua > prosody/log 2>&1 &
  echo $! > prosody/started
  said=$(tail --pid=$! -n +1 -f prosody/log | grep -m1 -E "service 'c2s' on \\[|Failed to open server port")
  case $said in *Failed*) kill $(cat prosody/started) ;; *) break ;; esac
done
tail --pid=$(cat prosody/started) -n +1 -f prosody/log | grep -m1 'serves'`;

const restarts: Step = (block, clone) => {
  onTestFinished(() => {
    const { stdout } = clone.sh('cat prosody/started');
    process.kill(Number(stdout), 'SIGKILL');
  });
  sh({
    except: [['systemctl', 'it asks the systemd of a machine']],
    after: START_PROSODY,
    prints: [/The core \S+ at .*\/gateway.sock serves\./],
  })(block, clone);
};

/** Alice and Bob, as the page has them write. */
export const CHAT = `
import { client, xml } from '@xmpp/client';
const login = async (username) => {
  const service = 'xmpp://127.0.0.1:' + process.argv[2];
  const user = client({ service, domain: 'localhost', username, password: 'secret' });
  user.on('error', (error) => { throw error; });
  await user.start();
  await user.send(xml('presence'));
  return user;
};
const alice = await login('alice');
const bob = await login('bob');
const texts = [];
const done = new Promise((done) => bob.on('stanza', (stanza) => {
  const text = stanza.is('message') && stanza.getChildText('body');
  if (text) texts.push(text);
  if (text === 'goodbye') done();
}));
for (const text of ['hello', 'what the heck', 'goodbye'])
  await alice.send(xml('message', { to: 'bob@localhost', type: 'chat' }, xml('body', {}, text)));
await done;
console.log('bob got', texts.join(', '));
process.exit(0);
`;

const steps: Step[] = [
  exempt('apt-get install', 'a test installs no packages'),
  file('mesibo.conf', {
    change: [
      [`${INSTALLED}/`, ''],
      ['gateway_group = mesibo-modules', `gateway_group = ${process.getgid?.()}`],
    ],
  }),
  sh({
    change: [
      ['install -d -o mesibo-modules', 'install -d'],
      ['runuser -u mesibo-modules -- ', ''],
      ['/etc/mesibo/', ''],
      ['/run/mesibo-modules', 'run'],
      ['/var/lib/mesibo-modules', 'state'],
    ],
    except: [
      ['useradd', 'a test makes no users'],
      ['usermod', 'a test changes no users'],
    ],
    // The folders on a real machine let everybody pass.
    before: 'chmod go+x .',
    prints: [/filter +serving/],
  }),
  configures,
  configures,
  restarts,
  (block, clone) => {
    clone.write('chat.mjs', CHAT);
    sh({
      before: 'export MESIBO_STATE_DIR=state\nnode chat.mjs $(cat port)',
      prints: ['bob got hello, goodbye', 'blocked a message from alice@localhost'],
    })(block, clone);
  },
];

/** Without Prosody nothing of it can be run. */
export const PROSODY: Step | Step[] = MISSING ? exempt('', MISSING) : steps;
