/* Threads: their results, what they wait for, and what is done once. */
#include "runtime.h"

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

static int sum_in_threads()
{
	std::mutex mutex;
	std::condition_variable changed;
	int sum = 0, done = 0;
	std::vector<std::thread> threads;
	for (int i = 1; i <= 4; i++)
		threads.emplace_back([&, i] {
			std::ostringstream text;
			text << i * 10;
			std::lock_guard<std::mutex> lock(mutex);
			sum += std::stoi(text.str());
			done++;
			changed.notify_one();
		});
	{
		std::unique_lock<std::mutex> lock(mutex);
		changed.wait(lock, [&] { return done == 4; });
	}
	for (auto &thread : threads)
		thread.join();
	return sum;
}

void show_threads()
{
	say("sum %d", sum_in_threads());
	auto answer = std::async(std::launch::async, [] { return std::string("from another thread"); });
	say("async %s", answer.get().c_str());
	std::once_flag once;
	int calls = 0;
	for (int i = 0; i < 3; i++)
		std::call_once(once, [&] { calls++; });
	say("called %d", calls);
	std::thread logger([] { say("logged by a thread"); });
	logger.join();
	std::promise<int> never;
	const auto state = never.get_future().wait_for(std::chrono::milliseconds(1));
	say("waiting %s", state == std::future_status::timeout ? "timed out" : "did not time out");
}
