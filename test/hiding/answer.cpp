/* A library in C++: prints through std::cout, and answers with what streams make of numbers. */
#include <iostream>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <thread>

extern "C" const char *answer();

static std::string numbers()
{
	std::ostringstream out;
	std::locale classic;
	out.imbue(classic);
	out << 42 << ' ' << 2.5 << ' ' << std::boolalpha << true;
	return out.str();
}

static std::string caught()
{
	try {
		throw std::out_of_range("far");
	} catch (const std::logic_error &error) {
		return error.what();
	}
}

const char *answer()
{
	static std::string out;
	std::string in_thread;
	std::thread([&] { in_thread = numbers(); }).join();
	std::cout << "cout " << 1 << std::endl;
	out = numbers() + ", " + in_thread + ", " + caught();
	return out.c_str();
}
