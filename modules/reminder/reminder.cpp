/*
 * reminder: a sample in C++. "10m call Bob" to its address comes back as "call Bob" ten minutes later.
 *
 *   module reminder {
 *       address = reminder
 *       longest = 1440
 *   }
 *
 * It shows the rules for a module in C++:
 *
 *   - The callbacks are C functions: no exception may leave one. Each is noexcept and catches what it calls. So does the thread.
 *   - mod->ctx owns one object. on_cleanup deletes it, and its destructor ends the thread and waits for it.
 *   - A callback does not wait. A thread does the slow work. It has its own copies of everything.
 *
 * A crash or a restart loses the reminders that are still to come.
 */
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t MAX_WAITING = 10000;
const char USAGE[] = "Write when and what, for example: 10m call Bob. Units are s, m and h.";

struct Reminder {
	std::chrono::seconds delay;
	std::string to, text;
};

/* Reads "10m call Bob". Nothing: it is something else, or later than `longest`. */
std::optional<Reminder> parse(const std::string &message, const std::string &from, std::chrono::minutes longest)
{
	const std::size_t digits = message.find_first_not_of("0123456789");
	if (digits == 0 || digits > 6 || digits == std::string::npos) return std::nullopt;
	const std::size_t text = message.find_first_not_of(' ', digits + 1);
	if (text == std::string::npos || text == digits + 1) return std::nullopt;

	const int count = std::stoi(message.substr(0, digits));
	std::chrono::seconds delay;
	switch (message[digits]) {
	case 's': delay = std::chrono::seconds(count); break;
	case 'm': delay = std::chrono::minutes(count); break;
	case 'h': delay = std::chrono::hours(count); break;
	default: return std::nullopt;
	}
	if (delay > longest) return std::nullopt;
	return Reminder{delay, from, message.substr(text)};
}

/* The reminders to come, and the thread that sends them. */
class Reminders {
public:
	Reminders(mesibo_module_t *mod, std::string address, std::chrono::minutes longest)
		: mod_(mod), address_(std::move(address)), longest_(longest), thread_([this] { run(); })
	{
	}
	~Reminders()
	{
		{
			const std::lock_guard<std::mutex> lock(mutex_);
			ends_ = true;
		}
		changed_.notify_one();
		thread_.join();
	}
	Reminders(const Reminders &) = delete;
	Reminders &operator=(const Reminders &) = delete;

	const std::string &address() const { return address_; }

	/* Takes a message to the address. It may throw: there may be no memory. */
	void take(const std::string &from, const std::string &message)
	{
		auto reminder = parse(message, from, longest_);
		if (!reminder) return send(from, USAGE);
		{
			const std::lock_guard<std::mutex> lock(mutex_);
			if (waiting_.size() >= MAX_WAITING) throw std::runtime_error("too many reminders wait");
			waiting_.emplace(Clock::now() + reminder->delay, std::move(*reminder));
		}
		changed_.notify_one();
	}

	/* Sends a text. Everything is copied before mesibo_message returns, and any thread may call it. */
	void send(const std::string &to, const std::string &text) const noexcept
	{
		/* {} sets every field to 0, reserved ones too. C functions take char *, and change nothing. */
		mesibo_message_params_t params{};
		params.from = const_cast<char *>(address_.c_str());
		params.to = const_cast<char *>(to.c_str());
		if (mesibo_message(mod_, &params, text.data(), text.size()) != 0)
			mesibo_log(mod_, 0, "a message to %s was refused\n", to.c_str());
	}

private:
	/* The thread. An exception that leaves a thread ends the process. */
	void run() noexcept
	{
		std::unique_lock<std::mutex> lock(mutex_);
		while (!ends_) {
			if (waiting_.empty()) {
				changed_.wait(lock);
			} else if (const auto due = waiting_.begin()->first; Clock::now() < due) {
				changed_.wait_until(lock, due);
			} else {
				const auto reminder = waiting_.extract(waiting_.begin());
				lock.unlock();
				send(reminder.mapped().to, reminder.mapped().text);
				lock.lock();
			}
		}
	}

	mesibo_module_t *const mod_;
	const std::string address_;
	const std::chrono::minutes longest_;
	std::mutex mutex_;
	std::condition_variable changed_;
	std::multimap<Clock::time_point, Reminder> waiting_;
	bool ends_ = false;
	/* The last member: it begins when all others are there. */
	std::thread thread_;
};

mesibo_result_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message, mesibo_uint_t len) noexcept
{
	auto *reminders = static_cast<Reminders *>(mod->ctx);
	if (!params->from || !params->to || reminders->address() != params->to) return MESIBO_RESULT_PASS;
	try {
		reminders->take(params->from, std::string(message, len));
	} catch (const std::exception &error) {
		mesibo_log(mod, 0, "a message from %s is lost: %s\n", params->from, error.what());
	}
	return MESIBO_RESULT_CONSUMED;
}

mesibo_result_t on_cleanup(mesibo_module_t *mod) noexcept
{
	delete static_cast<Reminders *>(mod->ctx);
	mod->ctx = nullptr;
	return MESIBO_RESULT_OK;
}

/* A number of minutes. It throws: the words are for whoever wrote the configuration. */
std::chrono::minutes read_minutes(const char *setting)
{
	const std::string text = setting;
	if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos)
		throw std::invalid_argument("longest = " + text + ": expected a number of minutes");
	return std::chrono::minutes(std::stoi(text));
}

} // namespace

/* MESIBO_EXPORT makes it extern "C": the name stays as it is written here. */
MESIBO_EXPORT mesibo_int_t mesibo_module_reminder_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);
	try {
		const char *address = mesibo_util_getconfig(mod, "address");
		const char *longest = mesibo_util_getconfig(mod, "longest");
		auto reminders = std::make_unique<Reminders>(mod, address ? address : "reminder",
							     longest ? read_minutes(longest) : std::chrono::hours(24));
		mod->description = "Sends a text back at the time that it names";
		mod->on_message = on_message;
		mod->on_cleanup = on_cleanup;
		mod->ctx = reminders.release();
		return MESIBO_RESULT_OK;
	} catch (const std::exception &error) {
		mesibo_log(mod, 0, "%s\n", error.what());
		return MESIBO_RESULT_FAIL;
	}
}
