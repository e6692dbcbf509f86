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

/** The settings whose files have other secrets than those in use; `http` is where HTTP is served now. */
export function otherSecrets(inUse: Secrets, next: Secrets, { http }: Pick<CoreConfig, 'http'>): string[] {
  const { token } = next;
  // An address that others can reach never becomes open.
  const isTaken = token !== undefined && inUse.token !== undefined && (token !== null || http.startsWith('unix:'));
  const hasOtherToken = isTaken && token !== inUse.token;
  const hasOtherKey = inUse.webhook && next.webhook && !inUse.webhook.key.equals(next.webhook.key);
  return [...(hasOtherToken ? ['http_token'] : []), ...(hasOtherKey ? ['webhook_secret'] : [])];
}

/** @throws SupervisorError for a file or a secret that cannot be used */
export function readSecrets(config: CoreConfig): Secrets {
  const { http, httpToken } = config;
  const token = http === 'off' ? undefined : httpToken && readToken(httpToken);
  return { token, webhook: readWebhookSettings(config) };
}
