#!/usr/bin/env node
/** The command line with all its verbs. */

// This one first: a signal may come while the others are loaded.
import './core/early-signals.js';
import { createProgram } from './program.js';
import { runProgram } from './terminal/run-program.js';

void runProgram(createProgram());
