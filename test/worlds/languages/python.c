/* Python in the module: its own extensions, which bring OpenSSL, zlib and sqlite, the environment, threads, programs. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../world.h"

#include <dlfcn.h>
#include <stdlib.h>

static PyObject *python_say(PyObject *self, PyObject *arguments)
{
	const char *text;
	(void)self;
	if (!PyArg_ParseTuple(arguments, "s", &text))
		return NULL;
	say("%s", text);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"say", python_say, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "world", .m_size = -1, .m_methods = methods};
static PyObject *make_world(void) { return PyModule_Create(&definition); }

static void run(const char *text)
{
	if (PyRun_SimpleString(text) != 0)
		say("failed: %s", text);
}

static void show_init(void)
{
	Dl_info python;
	/* Extensions take Python's symbols from the program, which this library must stand in for. */
	if (dladdr((void *)Py_InitializeEx, &python) != 0)
		dlopen(python.dli_fname, RTLD_LAZY | RTLD_GLOBAL | RTLD_NOLOAD);
	PyImport_AppendInittab("world", make_world);
	setenv("WORLD_PYTHON", "set by the module", 1);
	Py_InitializeEx(0);
	run("import os, sys; from world import say");
}

static void show_environ(void)
{
	run("say('%s, PATH %s' % (os.environ['WORLD_PYTHON'], 'PATH' in os.environ))");
	run("import subprocess\n"
	    "say(subprocess.run('echo $WORLD_PYTHON', shell=True, capture_output=True, text=True).stdout.strip())\n"
	    "say(str(subprocess.run(['sh', '-c', 'exit 4']).returncode))");
}

static void show_libraries(void)
{
	run("import ssl, zlib, sqlite3, hashlib\n"
	    "say('%s, zlib %s, sqlite %s' % (ssl.OPENSSL_VERSION, zlib.ZLIB_RUNTIME_VERSION, sqlite3.sqlite_version))\n"
	    "say(hashlib.sha256(b'abc').hexdigest()[:16] + ' ' + hashlib.md5(b'abc').hexdigest()[:8])\n"
	    "say(str(ssl.create_default_context().minimum_version.name))\n"
	    "say(zlib.decompress(zlib.compress(b'there and back')).decode())\n"
	    "say(str(sqlite3.connect(':memory:').execute('select 6 * 7').fetchone()[0]))");
}

static void show_threads(void)
{
	run("import threading, queue\n"
	    "q = queue.Queue()\n"
	    "ts = [threading.Thread(target=lambda i=i: q.put(i * i)) for i in range(5)]\n"
	    "[t.start() for t in ts]; [t.join() for t in ts]\n"
	    "say(str(sum(q.get() for _ in ts)))\n"
	    "import ctypes, math\n"
	    "say('%s %.4f' % (ctypes.CDLL(None).getpid() == os.getpid(), math.log2(10)))\n"
	    "print('printed by Python', flush=True)");
}

WORLD({"init", show_init}, {"environ", show_environ}, {"libraries", show_libraries}, {"threads", show_threads})
