/* libuv: a loop of the module's own with a timer, work in threads, and a child process. */
#include "../world.h"

#include <uv.h>

static int ticks, worked;

static void tick(uv_timer_t *timer)
{
	if (++ticks == 3)
		uv_close((uv_handle_t *)timer, NULL);
}

static void work(uv_work_t *request) { *(int *)request->data += 1; }
static void after_work(uv_work_t *request, int status)
{
	(void)request;
	worked += status == 0;
}

static void show_loop(void)
{
	uv_loop_t loop;
	uv_timer_t timer;
	uv_work_t request;
	int done = 0;
	ticks = worked = 0;
	request.data = &done;
	say("runs %s, built for %d.%d.%d", uv_version_string(), UV_VERSION_MAJOR, UV_VERSION_MINOR, UV_VERSION_PATCH);
	uv_loop_init(&loop);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, tick, 1, 1);
	uv_queue_work(&loop, &request, work, after_work);
	uv_run(&loop, UV_RUN_DEFAULT);
	say("ticks %d, work %d, done %d, closed %d", ticks, worked, done, uv_loop_close(&loop));
	say("sizes %zu %zu; %s", uv_loop_size(), uv_handle_size(UV_TIMER), uv_strerror(UV_ECONNREFUSED));
}

static int64_t exit_code;

static void on_exit_of_child(uv_process_t *child, int64_t code, int signal)
{
	(void)signal;
	exit_code = code;
	uv_close((uv_handle_t *)child, NULL);
}

static void show_child(void)
{
	uv_loop_t loop;
	uv_process_t child;
	char *words[] = {(char *)"sh", (char *)"-c", (char *)"exit 5", NULL};
	uv_process_options_t options = {.file = "sh", .args = words, .exit_cb = on_exit_of_child};
	uv_loop_init(&loop);
	say("spawn %d", uv_spawn(&loop, &child, &options));
	uv_run(&loop, UV_RUN_DEFAULT);
	say("exit %d, closed %d", (int)exit_code, uv_loop_close(&loop));
}

static void show_default_loop(void)
{
	say("default loop alive %d, handles run %d", uv_loop_alive(uv_default_loop()), uv_run(uv_default_loop(), UV_RUN_NOWAIT));
}

WORLD({"loop", show_loop}, {"child", show_child}, {"default-loop", show_default_loop})
