/** Text that others have written, for a terminal. Pure. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The same for text of several lines: their ends and tabs stay, which no terminal minds. */
export function escapeLines(text: string): string {
  return text.replace(/[^\n\t]+/g, escapeControl);
}

/** Makes text safe for a terminal: control characters, and those that turn the direction of writing, become escapes. */
export function escapeControl(text: string): string {
  return text.replace(CONTROL, (char) => {
    const code = char.charCodeAt(0);
    return SHORT[char] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`);
  });
}
