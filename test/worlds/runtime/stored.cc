/* Exceptions that are kept and thrown again: by a pointer, on top of others, and by a future. */
#include "runtime.h"

#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

template <typename Action> static std::string caught(Action action)
{
	try {
		action();
	} catch (const std::exception &error) {
		return error.what();
	}
	return "nothing";
}

void show_stored_exceptions()
{
	std::exception_ptr kept;
	try {
		throw std::runtime_error("kept");
	} catch (...) {
		kept = std::current_exception();
	}
	say("%s", caught([&] { std::rethrow_exception(kept); }).c_str());
	try {
		try {
			throw std::runtime_error("inner");
		} catch (...) {
			std::throw_with_nested(std::logic_error("outer"));
		}
	} catch (const std::exception &outer) {
		say("%s, %s", outer.what(), caught([&] { std::rethrow_if_nested(outer); }).c_str());
	}
	std::promise<int> promise;
	auto failing = promise.get_future();
	std::thread thrower([&] { promise.set_exception(std::make_exception_ptr(std::runtime_error("in a thread"))); });
	say("%s", caught([&] { failing.get(); }).c_str());
	thrower.join();
}
