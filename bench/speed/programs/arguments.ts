/** What a program that measures a rate is called with: WINDOW BYTES MODULES WARM_MS MEASURE_MS. */

/** One measurement of a rate. */
export interface Load {
  /** Messages in flight. */
  window: number;
  /** Of a payload. */
  bytes: number;
  /** In the chain; peers have one. */
  modules: number;
  warmMs: number;
  measureMs: number;
}

/** As the arguments of a program, which {@link readLoad} reads. */
export function loadArguments({ window, bytes, modules, warmMs, measureMs }: Load): string[] {
  return [window, bytes, modules, warmMs, measureMs].map(String);
}

/** What is left out is the everyday case. */
export function readLoad(args: readonly string[] = process.argv.slice(2)): Load {
  const [window = 64, bytes = 100, modules = 1, warmMs = 1000, measureMs = 700] = args.map(Number);
  return { window, bytes, modules, warmMs, measureMs };
}
