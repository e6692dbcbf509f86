/*
 * Included by module.h: an ELF note that says which ABI the source was compiled for. It is in the section .note.mesibo.
 * Linkers and strip keep it. `readelf -n FILE` shows it. A file that is linked from several sources has one note
 * for each of them.
 *
 * The owner is "mesibo" and the type is 1. Three words of 32 bits follow:
 *
 *   the ABI        the value of MESIBO_MODULE_ABI
 *   the version    of this header
 *   1 or 0         whether the source chose the ABI, or got the default
 */
#ifndef MESIBO_MODULE_NOTE_H
#define MESIBO_MODULE_NOTE_H

#define MESIBO_MODULE_HEADER_VERSION 1

/* An assembler reads the number, so it is written out: MESIBO_MODULE_ABI may be any expression of that value. */
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
#define MESIBO_NOTE_ABI_ "2020"
#elif MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
#define MESIBO_NOTE_ABI_ "2019"
#else
#define MESIBO_NOTE_ABI_ "1"
#endif
#if MESIBO_MODULE_ABI_CHOSEN_
#define MESIBO_NOTE_CHOSEN_ "1"
#else
#define MESIBO_NOTE_CHOSEN_ "0"
#endif
#define MESIBO_NOTE_TEXT_(value) #value
#define MESIBO_NOTE_NUMBER_(value) MESIBO_NOTE_TEXT_(value)

/* Assembly, because a compiler would not mark a variable's section as a note, and a linker may then leave it out. */
__asm__(".pushsection .note.mesibo, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 7, 12, 1\n"
	"	.asciz \"mesibo\"\n"
	"	.balign 4\n"
	"	.long " MESIBO_NOTE_ABI_ ", " MESIBO_NOTE_NUMBER_(MESIBO_MODULE_HEADER_VERSION) ", " MESIBO_NOTE_CHOSEN_ "\n"
	"	.popsection\n");

#endif
