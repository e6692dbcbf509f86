/* thread_local objects: each thread constructs its own, and they are destroyed when the thread ends. */
#include "runtime.h"

#include <atomic>
#include <string>
#include <thread>

namespace {

std::atomic<int> constructed, destroyed;

struct Counted {
	Counted() { constructed++; }
	~Counted() { destroyed++; }
	std::string text = "a text that is too long for the small buffer";
	int uses = 0;
};

thread_local Counted counted;

} // namespace

void show_thread_local()
{
	counted.uses++;
	const int before = constructed, gone = destroyed;
	for (int i = 0; i < 3; i++)
		std::thread([] { counted.uses++; }).join();
	counted.uses++;
	say("constructed %d, destroyed %d, used here %d", constructed - before, destroyed - gone, counted.uses);
}
