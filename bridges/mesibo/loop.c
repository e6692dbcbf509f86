#include "loop.h"

int loop_note(struct loop *loop, uint64_t message, uint64_t now_ns)
{
    const unsigned place = (message ^ message >> 32) % LOOP_PLACES;
    if (loop->places[place].message != message || now_ns - loop->places[place].since_ns > LOOP_MS * UINT64_C(1000000)) {
        loop->places[place].message = message;
        loop->places[place].since_ns = now_ns;
        loop->places[place].count = 0;
    }
    return ++loop->places[place].count >= LOOP_MESSAGES;
}
