/* Across a shared library of the module's own: exceptions, dynamic_cast, typeid, streams. */
#include "runtime.h"
#include "beside.h"

#include <sstream>
#include <typeinfo>

static std::string caught(const char *kind)
{
	try {
		throw_beside(kind);
	} catch (const BesideError &error) {
		return std::string("own ") + std::to_string(error.code) + ' ' + error.what();
	} catch (const std::logic_error &error) {
		return std::string("standard ") + error.what();
	} catch (const std::string &text) {
		return "string " + text;
	}
	return "nothing";
}

void show_across_libraries()
{
	say("%s; %s; %s", caught("own").c_str(), caught("standard").c_str(), caught("other").c_str());
	const auto shape = make_shape();
	const Shape &made = *shape;
	const auto *circle = dynamic_cast<const Circle *>(&made);
	say("%s is %s, typeid %s", made.name().c_str(), circle ? "a Circle" : "no Circle",
	    typeid(made) == type_beside() && typeid(Circle) == type_beside() ? "equal" : "different");
	std::ostringstream out;
	write_beside(out, 0.125);
	say("%s", out.str().c_str());
}
