/** A port of this machine for the servers that pages show. */

import type { Clone } from './clone.js';

const FIND_PORT = `node -e '
const server = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(server.address().port); server.close(); });
' > port`;

/** One that nobody has now, and that the file `port` of the clone has from then on. */
export function portOf(clone: Clone): string {
  if (clone.sh('cat port || true').stdout === '') clone.sh(FIND_PORT);
  return clone.sh('cat port').stdout.trim();
}
