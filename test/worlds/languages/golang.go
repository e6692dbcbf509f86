// A module in Go, built as a C shared library: its runtime, goroutines, environment, other programs, and a panic.
package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../../modules/include
#include <stdlib.h>
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

static void say(mesibo_module_t *mod, const char *text) { mesibo_log(mod, 0, "%s", text); }

extern mesibo_int_t goMessage(mesibo_module_t *mod, mesibo_message_params_t *params, char *message, mesibo_uint_t len);
static void fill(mesibo_module_t *mod) { mod->on_message = goMessage; }
static void answer(mesibo_module_t *mod, mesibo_message_params_t *params, char *text, mesibo_uint_t len)
{
	mesibo_message_params_t back = *params;
	back.to = params->from;
	back.from = params->to;
	mesibo_message(mod, &back, text, len);
}
*/
import "C"

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
	"unsafe"
)

var world *C.mesibo_module_t

func say(format string, values ...any) {
	text := C.CString(fmt.Sprintf(format, values...))
	defer C.free(unsafe.Pointer(text))
	C.say(world, text)
}

//export mesibo_module_world_init
func mesibo_module_world_init(version C.mesibo_int_t, mod *C.mesibo_module_t, length C.mesibo_int_t) C.mesibo_int_t {
	world = mod
	C.fill(mod)
	say("init in Go, version %d, %d bytes", int(version), int(length))
	return 0
}

//export goMessage
func goMessage(mod *C.mesibo_module_t, params *C.mesibo_message_params_t, message *C.char, length C.mesibo_uint_t) C.mesibo_int_t {
	switch text := C.GoStringN(message, C.int(length)); text {
	case "environ":
		showEnviron()
	case "goroutines":
		showGoroutines()
	case "runtime":
		showRuntime()
	default:
		answer := C.CString(text + "?")
		defer C.free(unsafe.Pointer(answer))
		C.answer(mod, params, answer, C.mesibo_uint_t(len(text)+1))
		return C.MESIBO_RESULT_CONSUMED
	}
	return C.MESIBO_RESULT_PASS
}

// Go reads the environment when it starts, and from C's variable when its own is asked for.
func showEnviron() {
	say("PATH set: %v, entries: %v", os.Getenv("PATH") != "", len(os.Environ()) > 0)
	os.Setenv("WORLD_GO", "set by the module")
	out, err := exec.Command("sh", "-c", "echo $WORLD_GO").Output()
	say("program: %s, %v", strings.TrimSpace(string(out)), err)
	say("exit: %v", exec.Command("sh", "-c", "exit 6").Run())
}

func showGoroutines() {
	var wait sync.WaitGroup
	var mutex sync.Mutex
	sum := 0
	for i := 1; i <= 100; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			time.Sleep(time.Millisecond)
			mutex.Lock()
			sum += i
			mutex.Unlock()
		}(i)
	}
	wait.Wait()
	say("sum %d", sum)
	done := make(chan bool)
	go func() { say("logged by a goroutine"); done <- true }()
	<-done
	select {
	case <-done:
	case <-time.After(time.Millisecond):
		say("timer")
	}
}

func showRuntime() {
	func() {
		defer func() { say("recovered: %v", recover()) }()
		var nothing *struct{ number int }
		say("%d", nothing.number)
	}()
	digest := sha256.Sum256([]byte("abc"))
	say("%x %.3f %v", digest[:4], 2.5, time.Unix(0, 0).UTC())
	garbage := make([][]byte, 0)
	for i := 0; i < 1000; i++ {
		garbage = append(garbage, make([]byte, 10000))
	}
	say("allocated %d", len(garbage))
	fmt.Println("printed by Go")
}

func main() {}
