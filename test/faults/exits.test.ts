import { playAll } from './suite.js';
import { EXITS } from './table.js';

playAll('a module that ends its process', EXITS);
