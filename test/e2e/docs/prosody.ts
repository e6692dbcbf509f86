/** docs/prosody.md, followed with a real Prosody that has its files and ports in the clone. */

import { expect } from 'vitest';
import { MISSING } from '../prosody/prosody.js';
import { exempt, type Step, sh } from './steps.js';

