#pragma once

#include <stdint.h>

/// Calls of malloc, calloc, realloc, aligned_alloc, posix_memalign and free by the calling thread
/// since it started. Counts by standing in for glibc's functions in the test program.
uint64_t forecourt_allocations(void);

/// Whether counting works in this program: false under a sanitizer, which has its own malloc.
int forecourt_counts_allocations(void);
