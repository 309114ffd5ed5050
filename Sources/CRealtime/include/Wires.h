#pragma once

#include <stddef.h>
#include <stdint.h>

/// Makes a pseudo-terminal pair, both ends open, the master non-blocking, the line raw, and writes
/// the slave's path. Returns 0, or -1 with errno set and nothing open.
int forecourt_open_pseudo_terminal(int *master, int *slave, char *path, size_t capacity);

/// Waits until the descriptor can be read, or this many nanoseconds. Returns 1, 0 after the time,
/// -1 with errno set.
int forecourt_wait_nanoseconds(int descriptor, int64_t nanoseconds);
