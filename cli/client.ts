/** The command line for the verbs that need no core in their process. The launcher runs it when one of them is asked for. */

import { CLIENT_VERBS } from './client-verbs.js';
import { createBareProgram } from './input/bare-program.js';
import { runProgram } from './terminal/run-program.js';

const program = createBareProgram();
// Describing the options of a verb to commander takes time. Only the verb that runs needs them.
for (const [name, add] of Object.entries(CLIENT_VERBS)) if (process.argv.includes(name)) add(program);
void runProgram(program);
