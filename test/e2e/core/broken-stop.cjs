// Loaded before a core: at SIGUSR2 its process has a mistake that nobody catches, and its logs never come to their end.
const fs = require('node:fs/promises');
process.on('SIGUSR2', async () => {
  const handle = await fs.open('/dev/null');
  const prototype = Object.getPrototypeOf(handle);
  for (const method of ['write', 'writev', 'writeFile', 'appendFile', 'close', 'stat']) {
    prototype[method] = () => new Promise(() => undefined);
  }
  setImmediate(() => {
    throw new Error('a mistake of a core');
  });
});
