import { expect, it } from 'vitest';
import { isSecretName } from '../../../../src/config/values/secret-name.js';

it.each(
  (
    'password db_password dbpassword dbPassword DB-PASSWORD passwd PGPASSWORD MYSQL_PWD passphrase client_secret secret ' +
    'token auth_token authToken AUTHTOKEN token2 API_KEY apiKey APIKey apikey openai.api.key key keys ssl_key credentials ' +
    'AWS_SECRET_ACCESS_KEY auth http_auth oauth2 authorization cookie bearer db_pass private_pem x.secretKey'
  ).split(' '),
)('%s is the name of a secret', (name) => expect(isSecretName(name)).toBe(true));

it.each(
  (
    'keyboard monkey keyword tokenizer author authority compass passive bypass passengers hotkey turkey secretary ' +
    'pinned salty max_tokens min_key_length token_file key_path PWD OLDPWD SSH_AUTH_SOCK auth_timeout blocked_words host ' +
    'port locale HOME PATH __proto__ constructor 1 \u00e4'
  ).split(' '),
)('%s is none', (name) => expect(isSecretName(name)).toBe(false));
