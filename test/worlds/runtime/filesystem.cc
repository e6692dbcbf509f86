/* Files: through streams and std::filesystem, with what goes wrong. */
#include "runtime.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace fs = std::filesystem;

void show_filesystem()
{
	const fs::path folder = fs::temp_directory_path() / ("world-" + std::to_string(getpid()));
	fs::create_directories(folder / "inner");
	std::ofstream(folder / "inner/text") << "seven " << 7 << '\n';
	std::string word;
	int number = 0;
	std::ifstream(folder / "inner/text") >> word >> number;
	say("read %s %d, %d bytes", word.c_str(), number, static_cast<int>(fs::file_size(folder / "inner/text")));
	int entries = 0;
	for (const auto &entry : fs::recursive_directory_iterator(folder))
		entries += entry.exists();
	say("entries %d", entries);
	std::error_code error;
	const auto size = fs::file_size(folder / "missing", error);
	say("missing %d %s %d", error == std::errc::no_such_file_or_directory, error.message().c_str(), size == static_cast<std::uintmax_t>(-1));
	try {
		fs::copy_file(folder / "missing", folder / "copy");
	} catch (const fs::filesystem_error &failure) {
		say("throws %d for %s", failure.code().value(), failure.path1().filename().c_str());
	}
	say("removed %d", static_cast<int>(fs::remove_all(folder)));
}
