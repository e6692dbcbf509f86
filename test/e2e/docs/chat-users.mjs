// Two users of the server at the port in the file `port`. The core ends while they talk, and is started again; then a connection of
// theirs breaks.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const port = Number(readFileSync('port', 'utf8'));
async function reach() {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await setTimeout(50); // it is being compiled, or starts
    }
  }
}
class User {
  got = [];
  #wake = () => {};
  static async enter(name) {
    const user = new User();
    user.socket = await reach();
    let rest = '';
    user.socket.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      user.got.push(...lines);
      user.#wake();
    });
    user.say(name);
    return user;
  }
  say(line) {
    this.socket.write(`${line}\n`);
  }
  async gets(line) {
    while (!this.got.includes(line)) await new Promise((resolve) => (this.#wake = resolve));
  }
}
const bob = await User.enter('bob');
bob.say('bob ready');
await bob.gets('bob: ready');
const alice = await User.enter('alice');
// Nobody knows when the server is connected to the core: then it answers.
for (let i = 0; !alice.got.includes('bob: Thank you. Your message has arrived.'); i++) {
  alice.say(`bob first ${i}`);
  await bob.gets(`alice: first ${i}`);
  await setTimeout(50);
}
for (const text of ['hello', 'what the heck', 'goodbye']) alice.say(`bob ${text}`);
await bob.gets('alice: goodbye');
alice.say('nobody hello');
execFileSync('mesibo-modules', ['stop'], { stdio: 'ignore' });
alice.say('bob what the heck');
await bob.gets('alice: what the heck');
execFileSync('mesibo-modules', ['start', '--config', 'mesibo.conf', '--daemon'], { stdio: 'ignore' });
for (let i = 0; ; i++) {
  alice.say(`bob heck ${i}`);
  alice.say(`bob mark ${i}`);
  await bob.gets(`alice: mark ${i}`);
  if (!bob.got.includes(`alice: heck ${i}`)) break; // the server is connected again
  await setTimeout(50);
}
alice.socket.resetAndDestroy();
bob.say('bob still here');
await bob.gets('bob: still here');
const sure = bob.got.filter((line) => /^alice: (hello|what|goodbye)/.test(line));
console.log(sure.join(', '));
process.exit(0);
