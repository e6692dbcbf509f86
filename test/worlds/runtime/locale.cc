/* Locales: the process's own, facets of the module, and conversions. */
#include "runtime.h"

#include <clocale>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <stdexcept>

namespace {

struct Grouped : std::numpunct<char> {
	char do_thousands_sep() const override { return '\''; }
	char do_decimal_point() const override { return ','; }
	std::string do_grouping() const override { return "\3"; }
	std::string do_truename() const override { return "ja"; }
};

} // namespace

void show_locale()
{
	say("global %s, classic %s, C library %s", std::locale().name().c_str(), std::locale::classic().name().c_str(),
	    std::setlocale(LC_ALL, nullptr));
	std::ostringstream out;
	out.imbue(std::locale(std::locale::classic(), new Grouped));
	out << 1234567 << ' ' << 0.5 << ' ' << std::boolalpha << true;
	say("imbued %s", out.str().c_str());
	const auto &ctype = std::use_facet<std::ctype<char>>(std::locale::classic());
	say("ctype %c %d", ctype.toupper('x'), ctype.is(std::ctype_base::digit, '7'));
	say("has %d %d", std::has_facet<std::num_put<char>>(out.getloc()), std::has_facet<std::collate<wchar_t>>(out.getloc()));
	try {
		say("unknown %s", std::locale("no_SUCH").name().c_str());
	} catch (const std::runtime_error &) {
		say("unknown throws");
	}
	say("UTF-8 %s", std::locale("C.UTF-8").name().c_str());
	std::tm day{};
	std::istringstream("2020-02-29 12:34:56") >> std::get_time(&day, "%Y-%m-%d %H:%M:%S");
	std::ostringstream written;
	written << std::put_time(&day, "%d %b %Y %H:%M");
	say("time %s", written.str().c_str());
	std::ostringstream money;
	money << std::put_money(12345);
	say("money %s", money.str().c_str());
}
