/** Configurations with limits or a sandbox: what a machine can do of them differs. test/e2e/confined has each setting with a real module. */

import type { Block } from '../../helpers/doc-blocks.js';
import { file, type Step } from './steps.js';

/** `check` takes the settings. It says that the module is good, or which of them this machine cannot keep. */
export const confined: Step = (block: Block, clone) => {
  const user: [string, string][] = block.text.includes('mesibo-filter')
    ? [['mesibo-filter', `${process.getuid?.() ?? 0}`]]
    : [];
  file('mesibo.conf', {
    change: [['module filter {', 'module filter {\n    path = modules/build/module_filter.so'], ...user],
    after: 'npx mesibo-modules check --config mesibo.conf 2>&1 || test $? = 1',
    prints: [/^module filter: (?:ok|.*(?:sandbox|limits) \{)/m],
  })(block, clone);
};
