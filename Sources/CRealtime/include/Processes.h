#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and those it starts, and ignores
/// SIGPIPE.
void forecourt_block_end_signals(void);

/// Waits for a blocked end signal at most so long; returns its number, or 0.
int forecourt_wait_end_signal(int milliseconds);

/// Starts a program in a session of its own, so that it outlives the caller, with stdin from and
/// stdout to /dev/null, stderr to `log`, which is emptied first, and no other descriptor.
/// `arguments` ends with NULL. Returns 0 and the process, or an errno.
int forecourt_spawn_session(
    const char *path, char *const arguments[], const char *log, pid_t *process);

/// A descriptor that becomes readable when the process ends; -1 with errno set.
int forecourt_pidfd_open(pid_t process);

/// Sends a signal to the very process that the descriptor stands for. Returns 0 or an errno.
int forecourt_pidfd_signal(int descriptor, int signal);

/// A descriptor that ``forecourt_wake`` makes readable, from any thread; -1 with errno set.
int forecourt_wake_open(void);
void forecourt_wake(int descriptor);

/// Waits until either descriptor (-1 is none) is readable, at most so long; negative is for ever.
/// Returns a bit each: 1 the first, 2 the second; 0 when the time is over.
int forecourt_wait_readable(int first, int second, int milliseconds);

/// How a child ended: its status, or 256 + the signal that ended it; -1 where it has not ended or
/// is no child of this process.
int forecourt_reap(pid_t process);

/// Opens `path`, made where it is missing, and takes its lock without waiting.
/// Returns the descriptor, which holds the lock until it is closed, or -1 with errno set;
/// EWOULDBLOCK where another process holds it.
int forecourt_open_locked(const char *path);
