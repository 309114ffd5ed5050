#include "CAllocationCount.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static __thread uint64_t count;

uint64_t forecourt_allocations(void) { return count; }

#ifdef SANITIZED
int forecourt_counts_allocations(void) { return 0; }
#else
int forecourt_counts_allocations(void) { return 1; }

// What glibc's own functions are called beside their replaceable names.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

void *malloc(size_t size) {
    count++;
    return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
    count++;
    return __libc_calloc(number, size);
}
void *realloc(void *memory, size_t size) {
    count++;
    return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    count++;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
    count++;
    void *result = __libc_memalign(alignment, size);
    if (!result) return ENOMEM;
    *memory = result;
    return 0;
}
void free(void *memory) {
    count++;
    __libc_free(memory);
}
#endif
