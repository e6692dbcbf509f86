import { expect, it } from 'vitest';
import { describeMissingSymbol } from '../../src/missing-symbol.js';

it.each([
  ['SSL_CTX_new', '-lssl -lcrypto'],
  ['OPENSSL_init_ssl', '-lssl -lcrypto'],
  ['EVP_DigestInit_ex', '-lcrypto'],
  ['OpenSSL_version', '-lcrypto'],
  ['SHA256', '-lcrypto'],
  ['X509_free', '-lcrypto'],
  ['PKCS12_parse', '-lcrypto'],
  ['inflateInit_', '-lz'],
  ['compress2', '-lz'],
  ['gzopen64', '-lz'],
  ['uv_default_loop', '-luv'],
  ['nghttp2_session_client_new', '-lnghttp2'],
  ['ares_init_options', '-lcares'],
  ['BrotliDecoderDecompress', '-lbrotlidec'],
  ['ZSTD_compress', '-lzstd'],
  ['sqlite3_open_v2', '-lsqlite3'],
  ['ucnv_open_72', '-licuuc -licui18n'],
  ['_ZN6icu_7213UnicodeStringC1Ev', '-licuuc -licui18n'],
  ['_ZSt4cout', '-lstdc++ (or link it with c++)'],
  ['_ZNSt13runtime_errorC1EPKc', '-lstdc++ (or link it with c++)'],
  ['_ZTVN10__cxxabiv117__class_type_infoE', '-lstdc++ (or link it with c++)'],
  ['_Znwm', '-lstdc++ (or link it with c++)'],
  ['__cxa_throw', '-lstdc++ (or link it with c++)'],
  ['log2', '-lm'],
  ['sinhf', '-lm'],
  ['lround', '-lm'],
  ['dlopen', '-ldl'],
  ['pthread_create', '-pthread'],
])('%s: the flags of its library are named', (symbol, flags) => {
  expect(describeMissingSymbol(symbol)).toBe(`nothing provides the symbol ${symbol}; link the module with ${flags}`);
});

it.each([
  ['mesibo_future', /the module wants a function that no ABI of this version has$/],
  ['napi_create_function', /it belongs to Node\.js, which has nothing for modules/],
  ['_ZN2v87Isolate10GetCurrentEv', /it belongs to Node\.js/],
  ['_ZN4node4StopEPNS_11EnvironmentE', /it belongs to Node\.js/],
  ['compile', /link the module with the library that defines it \(see "ldd -r" on the file\)$/],
  ['logger', /the library that defines it/],
  ['SSLeay', /the library that defines it/],
  ['_ZN3foo3barEv', /the library that defines it/],
])('%s: another remedy is given', (symbol, remedy) => {
  expect(describeMissingSymbol(symbol)).toMatch(remedy);
});
