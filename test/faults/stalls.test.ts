import { playAll } from './suite.js';
import { STALLS } from './table.js';

playAll('a module that stalls, leaks or floods', STALLS);
