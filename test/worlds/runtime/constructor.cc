/* A global object that prints when the module is loaded. Its end is not shown: a host ends without the destructors of exit(). */
#include "runtime.h"

#include <iostream>
#include <map>
#include <string>

namespace {

struct Global {
	Global() { std::cout << "constructed with " << words.size() << " words" << std::endl; }
	std::map<std::string, int> words{{"one", 1}, {"two", 2}};
};

Global global;

const std::string &once()
{
	static const std::string text = "local static of " + std::to_string(global.words.at("two"));
	return text;
}

} // namespace

void show_constructor() { say("%s", once().c_str()); }
