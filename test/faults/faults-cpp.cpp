/* What goes wrong in modules in C++: templates, exceptions, virtual functions, containers, std::thread. */
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "faults.h"

/* Others may derive from it, for all that the compiler knows. */
struct Filter {
	virtual ~Filter() = default;
	virtual void run();
};

void Filter::run() {}

namespace {

volatile int zero;
volatile int turns;

/* volatile: otherwise the compiler may leave out code that cannot work. */
volatile int *volatile nowhere;

template <typename T> __attribute__((noinline)) void store(volatile T *where, T value)
{
	*where = value; /* dies: cpp-template */
}

void segv_in_template(mesibo_module_t *) { store<int>(nowhere, 1); }

void call_virtual(mesibo_module_t *)
{
	auto *filter = const_cast<Filter *>(reinterpret_cast<volatile Filter *>(nowhere));

	filter->run(); /* dies: cpp-virtual */
	turns++;
}

void throw_out(mesibo_module_t *)
{
	throw std::runtime_error("nobody catches this"); /* dies: cpp-throw */
}

void throw_of_library(mesibo_module_t *)
{
	const std::vector<int> numbers(3);

	zero = numbers.at(static_cast<size_t>(zero) + 7); /* dies: cpp-at */
}

__attribute__((noinline)) void refuse()
{
	throw std::logic_error("out of a destructor"); /* dies: cpp-destructor */
}

struct Careless {
	~Careless() { refuse(); }
};

void throw_in_destructor(mesibo_module_t *)
{
	Careless careless;

	turns++;
}

void index_empty(mesibo_module_t *)
{
	std::vector<std::string> names;

	names[static_cast<size_t>(zero) + 5].push_back('x'); /* dies: cpp-index */
	turns++;
}

void call_empty_function(mesibo_module_t *)
{
	std::function<void()> nothing;

	nothing(); /* dies: cpp-function */
	turns++;
}

void delete_twice(mesibo_module_t *)
{
	auto first = std::make_unique<long>(1);
	long *volatile same = first.get();
	auto second = std::unique_ptr<long>(same);

	second.reset(); /* the first blow */
	first.reset();  /* dies: cpp-delete */
}

void segv_in_thread(mesibo_module_t *)
{
	std::thread thread([] {
		*nowhere = 1; /* dies: cpp-thread */
	});
	thread.join();
}

void throw_in_thread(mesibo_module_t *)
{
	std::thread([] { throw std::runtime_error("out of a thread"); }).join(); /* dies: cpp-thread-throw */
}

template <int step> __attribute__((noinline)) int descend(int depth) /* dies: cpp-recursion */
{ /* dies: cpp-recursion */
	volatile char frame[512];

	frame[0] = static_cast<char>(depth); /* dies: cpp-recursion */
	return zero ? depth : descend<step>(depth + step) + frame[0]; /* dies: cpp-recursion */
}

void overflow(mesibo_module_t *) { zero = descend<2>(0); }

void leave(mesibo_module_t *)
{
	std::exit(7); /* dies: cpp-exit */
}

void loop(mesibo_module_t *)
{
	const auto spin = [] {
		for (;;) turns++; /* dies: cpp-loop */
	};
	spin();
}

const struct fault faults[] = {
	{ "segv", segv_in_template },
	{ "cpp-virtual", call_virtual },
	{ "cpp-throw", throw_out },
	{ "cpp-at", throw_of_library },
	{ "cpp-destructor", throw_in_destructor },
	{ "cpp-index", index_empty },
	{ "cpp-function", call_empty_function },
	{ "cpp-delete", delete_twice },
	{ "cpp-thread", segv_in_thread },
	{ "cpp-thread-throw", throw_in_thread },
	{ "cpp-recursion", overflow },
	{ "cpp-exit", leave },
	{ "cpp-loop", loop },
	{ nullptr, nullptr },
};

} // namespace

extern "C" const struct fault *const fault_topics[] = { faults, nullptr };
