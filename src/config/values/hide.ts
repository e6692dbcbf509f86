/** Shows values without the secrets in them: pure. */

import { isSecretName, mayBeSecret } from './secret-name.js';

/** Stands for what is not shown. */
export const HIDDEN = '(hidden)';

/** The rest of a longer value is neither searched for secrets nor shown. */
const MOST_SHOWN = 64 * 1024;

/** `scheme://user:password@`: the password, or in a web address what stands alone before the `@`. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]{0,31}:\/\/)([^/?#\s@:]*)(?::([^/?#\s]*))?@/gi;
/** `name=value` in an address, a connection string, or anything of that form. */
const ASSIGNED = /([\w.-]{1,64})=([^&;,\s"']+)/g;
/** What stands behind the name of a way to authenticate. */
const SCHEME = /\b(bearer|basic)([ \t]+)([\w.~+/=-]{6,})/gi;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** A value as it may be shown. */
export interface ShownValue {
  value: string;
  /** All of it, or a part, is replaced by {@link HIDDEN}. */
  hidden: boolean;
}

/**
 * Hides what is secret in a value.
 *
 * @param key - its name, which may say that all of it is
 */
export function hideSecrets(key: string, value: string): ShownValue {
  if (isSecretAsAWhole(key, value)) return { value: HIDDEN, hidden: true };
  const searched = value.slice(0, MOST_SHOWN);
  const shown = mask(searched) + (value.length > MOST_SHOWN ? HIDDEN : '');
  return { value: shown, hidden: shown !== value };
}

/** Whether there is a secret in a value. */
export function holdsSecret(key: string, value: string): boolean {
  const searched = value.slice(0, MOST_SHOWN);
  return isSecretAsAWhole(key, searched) || mask(searched) !== searched;
}

function isSecretAsAWhole(key: string, value: string): boolean {
  return (isSecretName(key) && mayBeSecret(value)) || PRIVATE_KEY.test(value);
}

function mask(text: string): string {
  return text
    .replace(USER_INFO, hideUserInfo)
    .replace(ASSIGNED, (all, name: string, value: string) => {
      return isSecretName(name) && mayBeSecret(value) ? `${name}=${HIDDEN}` : all;
    })
    .replace(SCHEME, (_, scheme: string, gap: string) => `${scheme}${gap}${HIDDEN}`);
}

function hideUserInfo(all: string, scheme: string, user: string, password: string | undefined): string {
  if (password) return `${scheme}${user}:${HIDDEN}@`;
  return password === undefined && user !== '' && /^https?:/i.test(scheme) ? `${scheme}${HIDDEN}@` : all;
}
