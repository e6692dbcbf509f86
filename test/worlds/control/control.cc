/*
 * A plain server in C++, as control.c is one in C: the C++ runtime is there before the module is, and the program has
 * its own copies of objects such as std::cout.
 *
 *   control FILE INIT TEXT...     what the module does is told on descriptor 3; 0 to 2 are the module's
 */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#include <cstdio>
#include <dlfcn.h>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

/** One line of what the module does, on descriptor 3. */
void tell(const std::string &line)
{
	if (write(3, (line + '\n').data(), line.size() + 1) < 0)
		std::exit(2);
}

class Module {
public:
	Module(const char *path, const char *init_name)
	{
		void *file = dlopen(path, RTLD_LAZY);
		void *init = file ? dlsym(file, init_name) : nullptr;
		if (!init)
			throw std::runtime_error(dlerror());
		instance_.version = MESIBO_MODULE_VERSION;
		instance_.name = "world";
		instance_.signature = MESIBO_MODULE_SIGNATURE;
		const auto result = reinterpret_cast<mesibo_module_init_fn>(init)(MESIBO_MODULE_VERSION, &instance_, sizeof instance_);
		if (result != MESIBO_RESULT_OK)
			throw std::runtime_error("init returned " + std::to_string(result));
	}

	void give(std::string text, mesibo_uint_t id)
	{
		std::string from = "alice", to = "bob";
		mesibo_message_params_t params{};
		params.id = id;
		params.from = from.data();
		params.to = to.data();
		const auto result = static_cast<int>(instance_.on_message(&instance_, &params, text.data(), text.size()));
		// The server's own output, through the object that modules use too.
		std::cout << std::flush;
		tell((result == MESIBO_RESULT_CONSUMED ? "answer consumed " : "answer pass ") + text);
	}

	void end()
	{
		if (instance_.on_cleanup)
			instance_.on_cleanup(&instance_);
	}

private:
	mesibo_module_t instance_{};
};

} // namespace

MESIBO_EXPORT mesibo_int_t mesibo_vlog(mesibo_module_t *, mesibo_uint_t level, const char *format, va_list arguments)
{
	std::vector<char> line(64 * 1024);
	std::vsnprintf(line.data(), line.size(), format, arguments);
	std::ostringstream log;
	log << "log " << level << ' ' << line.data();
	tell(log.str());
	return MESIBO_RESULT_OK;
}

MESIBO_EXPORT mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const auto result = mesibo_vlog(mod, level, format, arguments);
	va_end(arguments);
	return result;
}

MESIBO_EXPORT mesibo_int_t mesibo_message(mesibo_module_t *, mesibo_message_params_t *params, const char *message,
					  mesibo_uint_t len)
{
	tell(std::string("send ") + params->to + ' ' + std::string(message, len));
	return MESIBO_RESULT_OK;
}

int main(int argc, char **argv)
{
	if (argc < 3 || fcntl(3, F_SETFD, FD_CLOEXEC) != 0) {
		std::cerr << "usage: control FILE INIT TEXT... 3>TOLD" << std::endl;
		return 2;
	}
	try {
		Module module(argv[1], argv[2]);
		for (int i = 3; i < argc; i++)
			module.give(argv[i], static_cast<mesibo_uint_t>(i) - 2);
		module.end();
	} catch (const std::exception &error) {
		tell(std::string("refused ") + error.what());
		return 1;
	}
	return 0;
}
