import { expect, it } from 'vitest';
import { isSecretName } from '../../../../src/config/values/secret-name.js';

it.each(
  (
    'password db_password dbpassword dbPassword DB-PASSWORD passwd PGPASSWORD MYSQL_PWD passphrase client_secret secret ' +
    'token auth_token authToken AUTHTOKEN token2 API_KEY apiKey APIKey apikey openai.api.key key keys ssl_key credentials ' +
    'AWS_SECRET_ACCESS_KEY auth http_auth oauth2 authorization cookie bearer db_pass private_pem x.secretKey ' +
    'pw db_pw dbpw dbpwd mypwd dbpass mysqlpass smtppass userpass rootpw passkey psk wifi_psk signingkey encryptionkey ' +
    'masterkey licensekey hmackey sharedkey accountkey tlskey hmac jwt session_id sessionid otp totp_seed pepper sig ' +
    'signature sas pincode mnemonic recovery_codes client_assertion slack_webhook tokenvalue secretid public_key_password ' +
    'auth_header_password token_server_key private sessionId PHPSESSID'
  ).split(' '),
)('%s is the name of a secret', (name) => expect(isSecretName(name)).toBe(true));

it.each(
  (
    'keyboard monkey keyword tokenizer author authority compass passive bypass passengers hotkey turkey secretary ' +
    'pinned salty max_tokens min_key_length token_file key_path PWD OLDPWD SSH_AUTH_SOCK auth_timeout blocked_words host ' +
    'primary_key public_key public_key_url publicKey key_id key_name key_prefix partition_key sort_key token_url ' +
    'token_endpoint token_issuer oauth_url auth_url auth_server auth_host auth_port auth_backend auth_realm auth_header ' +
    'auth_domain cookie_domain cookie_name cookie_secure cookie_samesite pass_through on_pass private_chat private_rooms ' +
    'password_policy salt_rounds session_timeout webhook_url underpass monkeys ' +
    'port locale HOME PATH __proto__ constructor 1 \u00e4'
  ).split(' '),
)('%s is none', (name) => expect(isSecretName(name)).toBe(false));
