/* A cursor over untrusted protobuf; see src/wire/protobuf.ts for the same in the core. */
#ifndef MESIBO_PROTOBUF_H
#define MESIBO_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

enum mm_wire { MM_VARINT = 0, MM_FIXED64 = 1, MM_BYTES = 2, MM_GROUP = 3, MM_END_GROUP = 4, MM_FIXED32 = 5 };
#define MM_TAG(field, wire) ((uint32_t)(field) << 3 | (uint32_t)(wire))

/* After invalid protobuf, `failed` is set and there are no more fields. */
struct mm_reader {
    const uint8_t *at, *end;
    int failed;
};

/* The tag of the next field; 0: there is none, because the message ends here or is invalid. */
uint32_t mm_next_field(struct mm_reader *in);
/* The lower 32 bits of a number. */
uint32_t mm_read_varint(struct mm_reader *in);
uint64_t mm_read_fixed64(struct mm_reader *in);
uint32_t mm_read_fixed32(struct mm_reader *in);
/* What a field of bytes holds: text, or a message to be read in turn. */
struct mm_reader mm_read_bytes(struct mm_reader *in);
/* Steps over the field of this tag, whatever it is. */
void mm_skip_field(struct mm_reader *in, uint32_t tag);

#endif
