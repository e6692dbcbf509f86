/** Which names say that their value is a secret: pure. */

/** A name with one of these words is that of a secret. */
const WORDS = new Set(
  (
    'password passwords passwd passphrase passcode pass pwd secret secrets token tokens key keys apikey apikeys ' +
    'credential credentials cred creds auth oauth authorization authentication bearer cookie cookies pin salt private'
  ).split(' '),
);

/** So is a name with a word that ends in one of these: `dbpassword`, `authtoken`. */
const END =
  /(?:password|passwd|passphrase|passcode|secret|token|credentials?|apikey|(?:access|auth|secret|private)key)$/;

/** With one of these as the last word, it says something about a secret: `token_file`, `key_length`. */
const ABOUT = new Set(
  (
    'file files path paths dir directory folder length len size count limit limits bits ttl timeout expiry lifetime ' +
    'interval retries attempts method type algorithm sock socket enabled required'
  ).split(' '),
);
/** The same as the first word: `max_tokens`. */
const HOW_MUCH = new Set(['max', 'min', 'num']);

/** The directories of a shell. */
const NO_SECRETS = new Set(['PWD', 'OLDPWD']);

/** Words such as `none` are no secrets, whatever their name. */
const NO_VALUES = new Set(['', 'yes', 'no', 'on', 'off', 'true', 'false', 'none', 'null', 'default', 'auto']);

/** A longer name is cut, so that a name of megabytes costs nothing. */
const LONGEST = 256;

/** Whether the name of a setting or a variable says that its value is a secret: `api_key`, `dbPassword`, `AUTH_TOKEN`. */
export function isSecretName(name: string): boolean {
  if (NO_SECRETS.has(name)) return false;
  const words = wordsOf(name.slice(0, LONGEST));
  if (HOW_MUCH.has(words[0] ?? '') || ABOUT.has(words.at(-1) ?? '')) return false;
  return words.some((word) => WORDS.has(word) || END.test(word));
}

/** Whether a value of such a name can be one. */
export function mayBeSecret(value: string): boolean {
  return !NO_VALUES.has(value.toLowerCase());
}

/** Splits a name into words: at all characters that are not letters, and before the `B` of `aB` and `ABc`. */
function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase());
}
