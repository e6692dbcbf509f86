import type { Directories } from '../../../src/directories.js';
import type { QuarantinedMessage } from '../../../src/supervisor/types.js';
import { renderQuarantined } from '../../render/quarantine/show.js';
import { printData, viewOf } from '../../terminal/io.js';
import { askQuarantine } from './ask.js';
import type { QuarantineOptions } from './options.js';

/** `quarantine show`: everything about one message. */
export async function showQuarantined(directories: Directories, id: string, options: QuarantineOptions): Promise<void> {
  const message = await findQuarantined(directories, id, options);
  printData(options.json ? JSON.stringify(message) : renderQuarantined(message, viewOf(process.stdout)));
}

/** @throws SupervisorError `QUARANTINE_UNKNOWN`, and as `askQuarantine` */
export async function findQuarantined(
  directories: Directories,
  id: string,
  options: QuarantineOptions,
): Promise<QuarantinedMessage> {
  const [message] = await askQuarantine(directories, options, { kind: 'show', id });
  return message as QuarantinedMessage;
}
