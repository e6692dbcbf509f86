/* The standard streams: to standard output and error, and from standard input's state. */
#include "runtime.h"

#include <iomanip>
#include <iostream>

void show_iostream()
{
	std::cout << "cout " << 42 << ' ' << 2.5 << ' ' << true << ' ' << std::boolalpha << true << std::noboolalpha << std::endl;
	std::cout << "cout hex " << std::hex << std::showbase << 255 << std::dec << std::noshowbase << '\n' << std::flush;
	std::cerr << "cerr " << std::setw(8) << std::setfill('.') << 1234 << std::setfill(' ') << std::endl;
	std::clog << "clog " << static_cast<void *>(nullptr) << std::endl;
	std::printf("printf after cout\n");
	std::fflush(stdout);
	say("cout is %s, cerr is %s, precision %d", std::cout.good() ? "good" : "bad", std::cerr.good() ? "good" : "bad",
	    static_cast<int>(std::cout.precision()));
}
