/* ICU: version, case, conversion, collation, a formatted number. */
#include "../world.h"

#include <unicode/ucnv.h>
#include <unicode/ucol.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

static void show_icu(void)
{
	UErrorCode error = U_ZERO_ERROR;
	UVersionInfo version;
	char text[U_MAX_VERSION_STRING_LENGTH], out[64];
	UChar wide[64], upper[64];
	u_getVersion(version);
	u_versionToString(version, text);
	say("runs %s, built for %s", text, U_ICU_VERSION);
	u_strFromUTF8(wide, 64, NULL, "stra\xc3\x9f" "e", -1, &error);
	u_strToUpper(upper, 64, wide, -1, "de", &error);
	u_strToUTF8(out, sizeof out, NULL, upper, -1, &error);
	say("upper %s, %s", out, u_errorName(error));
	UCollator *collator = ucol_open("sv", &error);
	u_strFromUTF8(wide, 64, NULL, "\xc3\xb6", -1, &error);
	u_strFromUTF8(upper, 64, NULL, "z", -1, &error);
	say("in Swedish %d, %s", ucol_strcoll(collator, wide, -1, upper, -1), u_errorName(error));
	ucol_close(collator);
	UNumberFormat *format = unum_open(UNUM_DECIMAL, NULL, 0, "de_DE", NULL, &error);
	unum_formatDouble(format, 1234567.5, wide, 64, NULL, &error);
	u_strToUTF8(out, sizeof out, NULL, wide, -1, &error);
	unum_close(format);
	say("number %s, %s", out, u_errorName(error));
}

WORLD({"icu", show_icu})
