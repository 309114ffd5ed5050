#pragma once
#include <stdint.h>

/// What a program that runs with this library preloaded counts, in `$ALLOCATION_COUNTS.<pid>`.
struct allocation_counts {
    /// Calls of malloc, calloc, realloc, aligned_alloc and posix_memalign by all threads.
    uint64_t allocations;
    /// Bytes asked for.
    uint64_t bytes;
    /// Calls of free with something to free.
    uint64_t frees;
};
