/** Shows values without the secrets in them: pure. */

import { hideUserInfo } from './hide-user-info.js';
import { isSecretName, mayBeSecret } from './secret-name.js';

/** Stands for what is not shown. */
export const HIDDEN = '(hidden)';

/** The rest of a longer value is neither searched for secrets nor shown. */
const MOST_SHOWN = 64 * 1024;

/** A name and what gives it a value: `name=`, `"name": `, `'name' => `, `<name>`, but not the beginning of an address. */
const NAMED = /([\w.-]{1,64})(?:\\?["'])?[ \t]*(?::=|=>|[=>]|:(?!\/\/))[ \t]*/g;
/** An option of a command line, with its value behind white space. */
const OPTION = /(?<![\w-])--?([\w.-]{1,64})[ \t]+(?=[^\s-])/g;
/** An option that takes a user and a password. */
const USER_OPTION = /(?<!\S)(?:-[uU]|--(?:proxy-)?user)[ \t]*[^\s:]*:(?=\S)/;
/** A value that ends where another name begins, or at the end of the text. */
const PLAIN_VALUE = /([^&;,\s"'`{}()[\]<>]+)(?=[&;,\s]*$|[&;,\s]\s*[\w.-]+=)/y;
/** What stands behind the name of a way to authenticate. */
const SCHEME = /\b(bearer|basic)([ \t]+)([\w.~+/=-]{6,})/gi;
const SCHEME_NAME = /["']?(?:bearer|basic|token|digest|apikey)[ \t]+(?=\S)/iy;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** Addresses that whoever has them may use. */
const SECRET_ADDRESS =
  /(\bhooks\.slack(?:-gov)?\.com\/\w+\/|\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/|\bwebhook\.office\.com\/|\boutlook\.office\.com\/webhook\/|\bapi\.telegram\.org\/(?:file\/)?bot)[^\s"']+/gi;
/** Tokens that are known by their form: a JWT, those of chat services, and those of code hosts. */
const TOKEN =
  /(?<![\w-])(?:eyJ[\w-]{5,}\.[\w.-]+|\d{8,10}:[\w-]{35}(?![\w-])|(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|sk-|sk_live_|sk_test_)[\w-]{16,})/g;

/** A value as it may be shown. */
export interface ShownValue {
  value: string;
  /** All of it, or a part, is replaced by {@link HIDDEN}. */
  hidden: boolean;
}

/**
 * Hides what is secret in a value. Where it is not clear where a secret ends, the rest or all of the value is hidden.
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
  const withoutUsers = hideUserInfo(text, HIDDEN);
  if (withoutUsers === null) return HIDDEN;
  const masked = hideOptions(hideNamed(withoutUsers.replace(SECRET_ADDRESS, `$1${HIDDEN}`).replace(TOKEN, HIDDEN)));
  return masked.replace(SCHEME, (_, scheme: string, gap: string) => `${scheme}${gap}${HIDDEN}`);
}

/** Hides the values of secret names: each where it is plain where it ends, else all that follows. */
function hideNamed(text: string): string {
  let shown = '';
  let done = 0;
  for (const match of text.matchAll(NAMED)) {
    const [all, name = ''] = match;
    const start = match.index + all.length;
    if (match.index < done || !isSecretName(name)) continue;
    PLAIN_VALUE.lastIndex = start;
    const plain = all === `${name}=` ? PLAIN_VALUE.exec(text)?.[1] : undefined;
    if (plain !== undefined) {
      shown += text.slice(done, start) + (mayBeSecret(plain) ? HIDDEN : plain);
      done = start + plain.length;
    } else if (isGiven(text.slice(start), all)) {
      return shown + cut(text.slice(done), name, start - done);
    }
  }
  return shown + text.slice(done);
}

/** Whether there is anything to hide behind a name. */
function isGiven(rest: string, named: string): boolean {
  if (!mayBeSecret(rest.trim())) return false;
  return !(named.endsWith('=') && /^[&;,]/.test(rest));
}

function cut(text: string, name: string, start: number): string {
  SCHEME_NAME.lastIndex = start;
  const scheme = /authorization$/i.test(name) ? (SCHEME_NAME.exec(text)?.[0] ?? '') : '';
  return text.slice(0, start) + scheme + HIDDEN;
}

function hideOptions(text: string): string {
  for (const match of text.matchAll(OPTION)) {
    if (isSecretName(match[1] ?? '')) return text.slice(0, match.index + match[0].length) + HIDDEN;
  }
  const user = USER_OPTION.exec(text);
  return user ? text.slice(0, user.index + user[0].length) + HIDDEN : text;
}
