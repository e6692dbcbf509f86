import { runCTests } from '../helpers/c-tests.js';

runCTests('the C client', 'test/client-c');
