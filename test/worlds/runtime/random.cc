/* Random numbers: the machine's, and those of an engine with a seed. */
#include "runtime.h"

#include <random>

void show_random()
{
	std::random_device device;
	bool differs = false;
	const auto first = device();
	for (int i = 0; i < 16; i++)
		differs |= device() != first;
	say("device %s", differs ? "random" : "constant");
	std::mt19937 engine(2020);
	const auto a = engine(), b = engine();
	say("engine %u %u", static_cast<unsigned>(a), static_cast<unsigned>(b));
}
