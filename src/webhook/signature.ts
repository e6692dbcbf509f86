/** How a receiver knows who sent what it gets, by the rules of Standard Webhooks: pure. */

import { createHmac } from 'node:crypto';

/** What is sent of a message. */
export interface Signed {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The headers that name, date and sign it. */
export function signatureHeaders(key: Buffer, { id, timestamp, body }: Signed): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': `${timestamp}`, 'webhook-signature': `v1,${signature}` };
}
