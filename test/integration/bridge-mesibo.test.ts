import { runCTests } from '../helpers/c-tests.js';

runCTests('the bridge', 'test/bridge-mesibo');
