/** What modules that started are warned of, in the words of the log: pure. */

/** A line for each warning. */
export function listWarnings(modules: readonly { name: string; warnings: readonly string[] }[]): string[] {
  return modules.flatMap(({ name, warnings }) => warnings.map((text) => `module ${name}: ${text}`));
}
