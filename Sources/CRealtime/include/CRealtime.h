#pragma once

#include <stddef.h>
#include <stdint.h>

/// Maps a file of at least `size` bytes, shared; creates and sizes it where `create` is not 0.
/// Returns NULL with errno set on failure. The descriptor is closed: the mapping stays.
void *forecourt_map_shared(const char *path, size_t size, int create);

/// Nanoseconds on CLOCK_MONOTONIC.
int64_t forecourt_monotonic_nanoseconds(void);

/// 32-bit cells that two processes share: sequentially consistent load and store.
static inline int32_t forecourt_load32(const int32_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_SEQ_CST);
}
static inline void forecourt_store32(int32_t *cell, int32_t value) {
    __atomic_store_n(cell, value, __ATOMIC_SEQ_CST);
}
