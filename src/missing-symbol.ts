/** What to do about a symbol that a module needs and nothing provides: pure. */

import { listSome } from './list-some.js';

/** Libraries by what their symbols look like. Node.js carries most of them, but for itself alone. */
const LIBRARIES: readonly [pattern: RegExp, flags: string][] = [
  [/^(SSL|TLS|DTLS|BIO_ssl|BIO_f_ssl|OPENSSL_init_ssl)(_|$)/, '-lssl -lcrypto'],
  [
    /^(AES|ASN1|BF|BIO|BN|CMAC|CMS|CRYPTO|DES|DH|DSA|ECDH|ECDSA|EC|ENGINE|ERR|EVP|HMAC|MD[45]|OBJ|OCSP|OPENSSL|OSSL|OpenSSL|PEM|PKCS\d+|RAND|RC4|RIPEMD160|RSA|SHA\d*|X509V?3?|d2i|i2d)_|^(HMAC|MD5|SHA\d+)$/,
    '-lcrypto',
  ],
  [
    /^((deflate|inflate)([A-Z_]\w*)?|(un)?compress2?|compressBound|(crc32|adler32)\w*|gz[a-z]+\d*|zlib[A-Z]\w+|zError)$/,
    '-lz',
  ],
  [/^uv_/, '-luv'],
  [/^nghttp2_/, '-lnghttp2'],
  [/^ares_/, '-lcares'],
  [/^BrotliEncoder/, '-lbrotlienc'],
  [/^BrotliDecoder/, '-lbrotlidec'],
  [/^ZSTD_/, '-lzstd'],
  [/^sqlite3_/, '-lsqlite3'],
  [/^llhttp_/, '-lllhttp'],
  [/^(u[a-z]*_\w+_\d\d|_ZN?K?T?[IVS]?N?6icu_\d\d)/, '-licuuc -licui18n'],
  [
    /^(_Zn[wa]|_Zd[la]|_ZT[IVS]?(N10__cxxabiv1|St|NSt)|_ZNK?S[a-z]|_ZS[a-z]|__cxa_|__gxx_)/,
    '-lstdc++ (or link it with c++)',
  ],
  [
    /^(a?(sin|cos|tan)h?|atan2|cbrt|ceil|copysign|erfc?|exp2?|expm1|fabs|fdim|floor|fma|fmax|fmin|fmod|frexp|hypot|ilogb|ldexp|lgamma|ll?rint|ll?round|log(10|1p|2|b)?|modf|nan|nearbyint|nextafter|pow|remainder|remquo|rint|round|scalbl?n|sqrt|tgamma|trunc)[fl]?$/,
    '-lm',
  ],
  [/^(dlopen|dlsym|dlclose|dlerror|dladdr)$/, '-ldl'],
  [/^(pthread|sem)_/, '-pthread'],
];

/** Symbols that a line lists, at most. */
const MAX_LISTED = 5;

/** Functions of Node.js that addons of Node.js call. */
const NODE_OWN = /^(napi_|node_api_|_ZNK?(2v8|4node)|_ZT[IVS]N(2v8|4node))/;

/** Says that nothing provides a symbol, and how to link the module so that something does. */
export function describeMissingSymbol(symbol: string): string {
  return `nothing provides the symbol ${symbol}; ${remedyFor(symbol)}`;
}

/**
 * Warns of functions that nothing provides in a module that runs: a line for each way to provide them.
 *
 * @param path - of its file
 */
export function warnOfMissing(path: string, symbols: readonly string[]): string[] {
  const remedies = new Map<string, string[]>();
  for (const symbol of symbols.toSorted()) {
    const remedy = remedyFor(symbol);
    remedies.set(remedy, [...(remedies.get(remedy) ?? []), symbol]);
  }
  return [...remedies].map(([remedy, sharing]) => {
    const names = listSome(sharing, MAX_LISTED);
    const what = sharing.length === 1 ? `the symbol ${names}` : `the symbols ${names}`;
    return `${path}: nothing provides ${what}; ${remedy}; calling ${sharing.length === 1 ? 'it' : 'one'} ends the process`;
  });
}

/** The missing symbol because of which the dynamic linker has ended a process, from its message; `null`: it has not. */
export function missingSymbolOf(lines: readonly string[]): string | null {
  const symbols = lines.map((line) => /: symbol lookup error: .*undefined symbol: ([^\s,]+)/.exec(line)?.[1]);
  return symbols.findLast((symbol) => symbol !== undefined) ?? null;
}

function remedyFor(symbol: string): string {
  if (symbol.startsWith('mesibo_')) return 'the module wants a function that no ABI of this version has';
  if (NODE_OWN.test(symbol)) return 'it belongs to Node.js, which has nothing for modules: build the module without it';
  const flags = LIBRARIES.find(([pattern]) => pattern.test(symbol))?.[1];
  if (flags) return `link the module with ${flags}`;
  return 'link the module with the library that defines it (see "ldd -r" on the file)';
}
