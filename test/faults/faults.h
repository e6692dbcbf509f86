/*
 * The faults, by name. Each source holds those of one topic, in a table that ends with a NULL name. A fault that leaves
 * its process alive and its thread free returns. A comment "dies: NAME" marks the lines that the crash card of a fault
 * may name.
 */
#ifndef FAULTS_H
#define FAULTS_H

#ifndef MESIBO_MODULE_ABI
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#endif
#include <mesibo/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fault {
	const char *name;
	void (*run)(mesibo_module_t *mod);
};

/* All tables of a module, in another that ends with NULL: fault-topics.c, or the file of another language. */
extern const struct fault *const fault_topics[];

extern const struct fault memory_faults[];   /* fault-memory.c: what the processor or the allocator notices */
extern const struct fault exit_faults[];     /* fault-exit.c: the end, asked for by the module itself */
extern const struct fault stall_faults[];    /* fault-stall.c: no end at all, or a late one */
extern const struct fault thread_faults[];   /* fault-thread.c */
extern const struct fault resource_faults[]; /* fault-resource.c: descriptors and output */
extern const struct fault handler_faults[];  /* fault-handler.c: signal handlers */

/* Like pthread_create, for a thread that nobody waits for; ends the process when no thread can be made. */
void start_thread(void *(*run)(void *), void *data);

#ifdef __cplusplus
}
#endif

#endif
