#include "fake.h"

uint32_t fake_callbacks;
int64_t fake_init_returns;
struct fake_init fake_init;
int64_t (*fake_on_event)(struct fake_event *event);

int64_t fake_dispatch(struct fake_event *event) { return fake_on_event != NULL ? fake_on_event(event) : 0; }
