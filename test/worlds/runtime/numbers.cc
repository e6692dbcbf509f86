/* Numbers through streams and strings, in both directions. */
#include "runtime.h"

#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

void show_numbers()
{
	std::ostringstream out;
	out << 1 << ' ' << -2L << ' ' << 3000000000UL << ' ' << 1.5f << ' ' << 3.14159265358979 << ' ' << 1e100 << ' '
	    << std::fixed << std::setprecision(3) << 2.0 / 3 << ' ' << std::scientific << 12345.678 << ' ' << std::hex << 48879;
	say("written: %s", out.str().c_str());
	std::istringstream in("17 -4 2.75 1e-3 ff end");
	int a = 0, b = 0, c = 0;
	double d = 0, e = 0;
	std::string rest;
	in >> a >> b >> d >> e >> std::hex >> c >> rest;
	say("read: %d %d %.3f %.3f %d %s, %s", a, b, d, e, c, rest.c_str(), in.fail() ? "failed" : "fine");
	say("strings: %s %s %d %.2f %lu", std::to_string(-7).c_str(), std::to_string(0.5).c_str(), std::stoi("0x1f", nullptr, 16),
	    std::stod("6.25"), std::stoul("18446744073709551615"));
	std::wostringstream wide;
	wide << L"wide " << 12 << L' ' << 0.25;
	say("wide: %ls", wide.str().c_str());
	say("limits: %d %g", std::numeric_limits<int>::max(), std::numeric_limits<double>::epsilon());
}
