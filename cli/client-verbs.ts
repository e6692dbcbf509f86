/** The verbs that only talk to a core, or read what it wrote. They are a program of their own, which starts sooner. */

import { addDescribe } from './commands/describe.js';
import { addList } from './commands/list.js';
import { addLogs } from './commands/logs.js';
import { addPromote } from './commands/promote.js';
import { addReload } from './commands/reload.js';
import { addReset } from './commands/reset.js';
import { addRestart } from './commands/restart.js';
import { addSend } from './commands/send.js';
import { addShadow } from './commands/shadow.js';
import { addStatus } from './commands/status.js';
import { addStop } from './commands/stop.js';

/** By the name of each verb: the function that adds it to a command line. */
export const CLIENT_VERBS = {
  stop: addStop,
  reload: addReload,
  restart: addRestart,
  reset: addReset,
  status: addStatus,
  list: addList,
  describe: addDescribe,
  logs: addLogs,
  shadow: addShadow,
  promote: addPromote,
  send: addSend,
};
