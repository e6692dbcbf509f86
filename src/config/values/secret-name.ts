/** Which names say that their value is a secret: pure. */

/** A name with one of these words is that of a secret. */
const WORDS = new Set(
  (
    'password passwords passwd passphrase passcode pass pwd pw secret secrets token tokens key keys apikey apikeys ' +
    'credential credentials cred creds auth oauth authorization authentication bearer cookie cookies pin pincode salt pepper ' +
    'psk hmac jwt otp totp sig signature sas mnemonic assertion sessionid sessid webhook webhooks'
  ).split(' '),
);

/** So is a name with a word that ends in one of these: `dbpassword`, `authtoken`, `rootpw`, `signingkey`. */
const END = /(?:password|passwd|passphrase|passcode|pass|pwd?|secret|token|credentials?|keys?|sessionid|sessid)$/;
/** Words with such an end that are not secret. */
const PLAIN_WORDS = new Set(
  (
    'bypass compass encompass overpass underpass trespass surpass lowpass highpass bandpass allpass ' +
    'monkey donkey turkey hockey jockey whiskey hotkey hotkeys turnkey monkeys donkeys publickey publickeys primarykey ' +
    'partitionkey sortkey foreignkey routingkey'
  ).split(' '),
);
/** So is a name with a word of such a beginning and end: `tokenvalue`, `secretid`. */
const WHOLE = /^(?:password|passwd|secret|token|apikey)(?:value|text|string|data|hash|id)$/;

/** Words that are a secret together; words are joined with "_". */
const SECRET_PHRASES =
  /(?:^|_)(?:session_id|(?:recovery|backup)_codes?|(?:seed|recovery)_phrase|private(?:_(?:pem|exponent|part|data|value))?$)/;
/** Words that are not secret together. The rest of the name decides. */
const PLAIN_PHRASES =
  /(?<=^|_)(?:(?:primary|public|partition|sort|foreign|routing)_keys?|key_(?:id|ids|name|names|prefix)|pass_(?:through|thru|on|all)|on_pass)(?=_|$)/g;

/** With one of these as the last word, it says something about a secret: `token_file`, `key_length`. */
const ABOUT = new Set(
  (
    'file files path paths dir directory folder length len size count limit limits bits ttl timeout expiry lifetime ' +
    'interval retries attempts method type algorithm sock socket enabled required policy rounds'
  ).split(' '),
);
/** The same as the first word: `max_tokens`. */
const HOW_MUCH = new Set(['max', 'min', 'num']);

/** These words also name what has to do with secrets: a server that gives tokens, a cookie of a certain name. */
const LOOSE = new Set(
  'auth oauth authorization authentication cookie cookies token tokens webhook webhooks'.split(' '),
);
const ABOUT_LOOSE = new Set(
  'url uri endpoint issuer audience server host port backend realm header domain name secure samesite httponly provider mode'.split(
    ' ',
  ),
);

/** The directories of a shell. */
const NO_SECRETS = new Set(['PWD', 'OLDPWD']);

/** Words such as `none` are no secrets, whatever their name. */
const NO_VALUES = new Set(['', 'yes', 'no', 'on', 'off', 'true', 'false', 'none', 'null', 'default', 'auto']);

/** A longer name is cut, so that a name of megabytes costs nothing. */
const LONGEST = 256;

/** Whether the name of a setting or a variable says that its value is a secret: `api_key`, `dbPassword`, `AUTH_TOKEN`. */
export function isSecretName(name: string): boolean {
  if (NO_SECRETS.has(name)) return false;
  const joined = wordsOf(name.slice(0, LONGEST)).join('_').replace(PLAIN_PHRASES, '');
  const words = joined.split('_').filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  if (HOW_MUCH.has(words[0] ?? '') || ABOUT.has(last)) return false;
  if (SECRET_PHRASES.test(joined)) return true;
  const telling = words.filter(isSecretWord);
  if (ABOUT_LOOSE.has(last) && telling.every((word) => LOOSE.has(word))) return false;
  return telling.length > 0;
}

/** Whether a value of such a name can be one. */
export function mayBeSecret(value: string): boolean {
  return !NO_VALUES.has(value.toLowerCase());
}

function isSecretWord(word: string): boolean {
  return WORDS.has(word) || WHOLE.test(word) || (END.test(word) && !PLAIN_WORDS.has(word));
}

/** Splits a name into words: at all characters that are not letters, and before the `B` of `aB` and `ABc`. */
function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase());
}
