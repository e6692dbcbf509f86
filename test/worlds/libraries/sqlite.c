/* sqlite: version, a table in memory, a function of the module's own. */
#include "../world.h"

#include <sqlite3.h>

static void shout(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	char *text = sqlite3_mprintf("%s!", sqlite3_value_text(values[0]));
	sqlite3_result_text(context, text, -1, sqlite3_free);
}

static int show_row(void *data, int count, char **values, char **names)
{
	(void)data, (void)count;
	say("%s = %s", names[0], values[0]);
	return 0;
}

static void show_sqlite(void)
{
	sqlite3 *base = NULL;
	say("runs %s, built for %s, %s", sqlite3_libversion(), SQLITE_VERSION,
	    strcmp(sqlite3_sourceid(), SQLITE_SOURCE_ID) == 0 ? "same source" : "another source");
	sqlite3_open(":memory:", &base);
	sqlite3_create_function(base, "shout", 1, SQLITE_UTF8, NULL, shout, NULL, NULL);
	const int result = sqlite3_exec(base,
					"CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'one'), (2, 'two');"
					"SELECT sum(a) FROM t; SELECT shout(b) FROM t WHERE a = 2; SELECT round(2.345, 2);",
					show_row, NULL, NULL);
	say("result %d, %s", result, sqlite3_errmsg(base));
	sqlite3_close(base);
}

WORLD({"sqlite", show_sqlite})
