/* The faults in C. */
#include "faults.h"

const struct fault *const fault_topics[] = {
	memory_faults, exit_faults, stall_faults, thread_faults, resource_faults, handler_faults, NULL,
};
