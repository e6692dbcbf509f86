import type { Directories } from '../../../src/directories.js';
import { renderQuarantine } from '../../render/quarantine/list.js';
import { printData, tell, viewOf } from '../../terminal/io.js';
import { askQuarantine } from './ask.js';
import type { QuarantineOptions } from './options.js';

/** `quarantine list`: the messages that modules do not get. */
export async function listQuarantine(directories: Directories, options: QuarantineOptions): Promise<void> {
  const { module = null, json } = options;
  const messages = await askQuarantine(directories, options, { kind: 'list', module });
  if (json) return printData(JSON.stringify(messages));
  if (messages.length > 0) return printData(renderQuarantine(messages, viewOf(process.stdout)));
  // Then something could not be read, and was told.
  if (process.exitCode) return;
  tell(`no message is in quarantine${module === null ? '' : ` for module ${module}`}`);
}
