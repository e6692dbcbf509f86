/* Regular expressions: matching, groups, replacing, classes, and a bad one. */
#include "runtime.h"

#include <regex>
#include <string>

void show_regex()
{
	const std::string text = "Call 555-1234 or 555-9876, Zoe";
	const std::regex number("(\\d{3})-(\\d{4})");
	for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match)
		say("found %s of %s", (*match)[2].str().c_str(), (*match)[1].str().c_str());
	say("replaced %s", std::regex_replace(text, number, "$2/$1").c_str());
	say("icase %d", std::regex_search(text, std::regex("zOE", std::regex::icase)));
	say("class %d", std::regex_match("aB_9", std::regex("[[:alpha:]]+_[[:digit:]]")));
	say("backward %d", std::regex_match("abab", std::regex("(ab)\\1", std::regex::ECMAScript)));
	try {
		std::regex bad("(");
	} catch (const std::regex_error &error) {
		say("bad %d", error.code() == std::regex_constants::error_paren);
	}
}
