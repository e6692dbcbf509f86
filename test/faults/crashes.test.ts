import { playAll } from './suite.js';
import { CRASHES } from './table.js';

playAll('a module that crashes', CRASHES);
