/* Exceptions within the module: those of the runtime and those of its own. */
#include "runtime.h"

#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

struct Unwound {
	explicit Unwound(std::string &log) : log_(log) {}
	~Unwound() { log_ += std::uncaught_exceptions() > 0 ? "unwinding " : "normal "; }
	std::string &log_;
};

struct Own : std::runtime_error {
	using std::runtime_error::runtime_error;
};

template <typename Action> std::string caught(Action action)
{
	try {
		action();
	} catch (const Own &error) {
		return std::string("own: ") + error.what();
	} catch (const std::out_of_range &) {
		return "out of range";
	} catch (const std::bad_alloc &) {
		return "bad alloc";
	} catch (const std::system_error &error) {
		return "system error " + std::to_string(error.code().value()) + ' ' + error.code().category().name();
	} catch (const std::exception &error) {
		return std::string("exception: ") + error.what();
	} catch (int number) {
		return "int " + std::to_string(number);
	}
	return "nothing";
}

} // namespace

void show_exceptions()
{
	std::string log;
	say("%s", caught([&] { Unwound unwound(log); throw Own("mine"); }).c_str());
	{
		Unwound unwound(log);
	}
	say("%s", log.c_str());
	say("%s", caught([] { (void)std::vector<int>(3).at(5); }).c_str());
	say("%s", caught([] { (void)std::stoi(std::string(40, '9')); }).c_str());
	say("%s", caught([] { (void)::operator new(std::numeric_limits<std::ptrdiff_t>::max()); }).c_str());
	say("%s", caught([] { throw std::system_error(std::make_error_code(std::errc::timed_out)); }).c_str());
	say("%s", caught([] { throw 7; }).c_str());
}
