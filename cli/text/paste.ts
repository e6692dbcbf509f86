/** Commands within sentences, so that whoever pastes one reaches the same core: pure. */

/** Those that ask a core, or read what it left. */
const VERBS = 'start|stop|reload|restart|reset|status|list|describe|logs|send';
const WORD = "(?:'[^']*'|[^\\s';,)])+";
const BARE = new RegExp(`\\bmesibo-modules(?= (?:${VERBS})(?![\\w-]))`, 'g');
const COMMAND = new RegExp(`\\b(?:mesibo-modules(?: --[a-z-]+ ${WORD})* (?:${VERBS})|kill -[A-Z]+)(?: ${WORD})*`, 'g');

/** Stands for a space at which a line may end only with a backslash. */
export const BETWEEN_WORDS = '\u0001';
/** Stands for a space at which no line may end. */
export const WITHIN_WORD = '\u0002';

/** A text in which each command has these options, where it has none. */
export function addOptions(text: string, options: string): string {
  return options === '' ? text : text.replaceAll(BARE, (command) => command + options);
}

/** A text in which {@link BETWEEN_WORDS} and {@link WITHIN_WORD} stand for the spaces of commands. */
export function holdCommands(text: string): string {
  return text.replaceAll(COMMAND, (command) => {
    const words = command.match(/(?:'[^']*'|[^ '])+/g) ?? [];
    return words.map((word) => word.replaceAll(' ', WITHIN_WORD)).join(BETWEEN_WORDS);
  });
}
