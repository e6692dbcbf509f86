/** Where what modules send is posted, as it was written. Pure. */

/** Longer ones are refused by many servers. */
const MAX_CHARS = 2048;

/** Reads what was written: `off` in any case, and a URL in its usual form. */
export function readWebhook(written: string): string {
  if (written.toLowerCase() === 'off') return 'off';
  return URL.canParse(written) ? new URL(written).href : written;
}

/** Whether it is `off`, or a URL that can be posted to. */
export function isWebhook(written: string): boolean {
  if (written === 'off') return true;
  if (written.length > MAX_CHARS || !URL.canParse(written)) return false;
  const { protocol, username, password, hash } = new URL(written);
  return /^https?:$/.test(protocol) && username + password + hash === '';
}

/** The part of it that may be shown. Its path, or a password in it, may be all that keeps others from posting there. */
export function showWebhook(written: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]{0,32}):\/\//i.exec(written) ?? [];
  if (scheme === undefined) return written;
  const { host = '' } = URL.canParse(written) ? new URL(written) : {};
  return `${scheme}://${host}/...`;
}
