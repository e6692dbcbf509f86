/** What makes requests, loaded when it is needed. It is not in the bundles: `scripts/bundles` gives this file an import() of its own. */

/** Loads it. */
export async function loadUndici(): Promise<typeof import('undici')> {
  return await import('undici');
}
