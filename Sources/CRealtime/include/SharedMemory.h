#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Tells Swift's `@_noLocks` check that a C function neither locks nor allocates.
#define FORECOURT_NO_LOCKS __attribute__((swift_attr("@_noLocks")))

/// Maps a file of at least `size` bytes, shared; creates and sizes it where `create` is not 0.
/// Returns NULL with errno set on failure. The descriptor is closed: the mapping stays.
void *forecourt_map_shared(const char *path, size_t size, int create);

/// 32-bit cells that two processes share: sequentially consistent load and store.
FORECOURT_NO_LOCKS static inline int32_t forecourt_load32(const int32_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_SEQ_CST);
}
FORECOURT_NO_LOCKS static inline void forecourt_store32(int32_t *cell, int32_t value) {
    __atomic_store_n(cell, value, __ATOMIC_SEQ_CST);
}

/// 64-bit cells that one process writes and others read, such as counters of a histogram.
FORECOURT_NO_LOCKS static inline uint64_t forecourt_load64(const uint64_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}
FORECOURT_NO_LOCKS static inline void forecourt_store64(uint64_t *cell, uint64_t value) {
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

/// Publishes `size` bytes behind a sequence counter that is odd while they are written.
///
/// One writer; it waits for nobody. A writer that died in the middle left the counter odd: its
/// successor goes on from there. Words are stored one by one with relaxed atomics, since a reader
/// may copy at the same time; `words` has room for `size` rounded up to 8 bytes.
FORECOURT_NO_LOCKS static inline void forecourt_publish(
    uint64_t *sequence, uint64_t *words, const void *source, size_t size) {
    uint64_t writing = __atomic_load_n(sequence, __ATOMIC_RELAXED) | 1;
    __atomic_store_n(sequence, writing, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    const char *bytes = (const char *)source;
    size_t index = 0;
    for (; size >= 8; size -= 8, bytes += 8, index++) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        __atomic_store_n(words + index, word, __ATOMIC_RELAXED);
    }
    if (size > 0) {
        uint64_t word = 0;
        memcpy(&word, bytes, size);
        __atomic_store_n(words + index, word, __ATOMIC_RELAXED);
    }
    __atomic_store_n(sequence, writing + 1, __ATOMIC_RELEASE);
}

/// Copies what ``forecourt_publish`` wrote. Returns the sequence number of the copy, which is even
/// and greater than 0; or 0 where nothing was published yet or a write was under way: try again.
FORECOURT_NO_LOCKS static inline uint64_t forecourt_read(
    const uint64_t *sequence, const uint64_t *words, void *target, size_t size) {
    uint64_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
    if (before == 0 || (before & 1) != 0) return 0;
    char *bytes = (char *)target;
    size_t index = 0;
    for (; size >= 8; size -= 8, bytes += 8, index++) {
        uint64_t word = __atomic_load_n(words + index, __ATOMIC_RELAXED);
        memcpy(bytes, &word, 8);
    }
    if (size > 0) {
        uint64_t word = __atomic_load_n(words + index, __ATOMIC_RELAXED);
        memcpy(bytes, &word, size);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(sequence, __ATOMIC_RELAXED) == before ? before : 0;
}
