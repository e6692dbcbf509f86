import { playAll } from './suite.js';
import { REQUESTS } from './table.js';

playAll('a module that fails in the callback of an http request', REQUESTS);
