import { playAll } from './suite.js';
import { PLACES } from './table.js';

playAll('a module that fails elsewhere than in on_message', PLACES);
