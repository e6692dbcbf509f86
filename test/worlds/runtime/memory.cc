/* Memory: new and delete of all kinds, smart pointers, large strings moved between containers. */
#include "runtime.h"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct alignas(64) Aligned {
	char bytes[64];
};

} // namespace

void show_memory()
{
	auto aligned = std::make_unique<Aligned>();
	say("aligned %d", static_cast<int>(reinterpret_cast<std::uintptr_t>(aligned.get()) % 64));
	say("nothrow %d", ::operator new(std::numeric_limits<std::ptrdiff_t>::max(), std::nothrow) == nullptr);
	auto shared = std::make_shared<std::string>(1000, 'x');
	std::weak_ptr<std::string> weak = shared;
	auto second = shared;
	say("shared %ld %zu", shared.use_count(), weak.lock()->size());
	shared.reset(), second.reset();
	say("expired %d", weak.expired());
	std::map<std::string, std::vector<std::string>> map;
	std::unordered_map<std::string, int> counts;
	for (int i = 0; i < 1000; i++) {
		map[std::to_string(i % 10)].push_back(std::string(static_cast<std::size_t>(i), 'y'));
		counts["key " + std::to_string(i % 7)]++;
	}
	std::size_t total = 0;
	for (const auto &[key, strings] : map)
		for (const auto &string : strings)
			total += string.size();
	say("total %zu, counted %d", total, counts.at("key 3"));
}
