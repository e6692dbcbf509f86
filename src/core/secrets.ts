/** The files that a configuration names. They are read once for each start and reload, before anything changes. */

import type { CoreConfig } from '../config/types.js';
import { readToken } from '../secrets.js';
import type { WebhookSettings } from '../webhook/webhook.js';
import { readWebhookSettings } from './webhook-door.js';

/** What its files had. */
export interface Secrets {
  /** The token of HTTP. `null`: none is asked for. `undefined`: HTTP is off, so the configuration says nothing of one. */
  token: string | null | undefined;
  /** `null`: there is no webhook. */
  webhook: WebhookSettings | null;
}

/** @throws SupervisorError for a file or a secret that cannot be used */
export function readSecrets(config: CoreConfig): Secrets {
  const { http, httpToken } = config;
  const token = http === 'off' ? undefined : httpToken && readToken(httpToken);
  return { token, webhook: readWebhookSettings(config) };
}
