/* The library of own-files.c, found by $ORIGIN. */
const char *beside_text(void);
const char *beside_text(void) { return "the library beside the module"; }
