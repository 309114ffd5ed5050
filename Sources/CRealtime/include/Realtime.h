#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What a real-time thread could be given; 0 is granted, otherwise the errno of the refusal.
struct forecourt_rights {
    int scheduling;
    int memory;
    int latency;
};

/// Lets all threads share two heaps: each further one keeps freed memory of its own. Call first.
void forecourt_limit_heaps(void);

/// Gives back the pages of code that only starting needed, and free heap: what is needed again comes
/// back from the page cache by itself. For processes that wait most of their lives; never for one
/// whose memory is locked.
void forecourt_give_back_start_pages(void);

/// Locks the process's memory, now and to come, keeps the heap from shrinking, and asks for
/// processors that do not sleep deeply (as long as the process lives). Call before the thread.
void forecourt_prepare_memory(struct forecourt_rights *rights);

/// A thread of its own for `body`: SCHED_FIFO at `priority` by explicit attributes, on a small
/// stack that is touched before `body` runs. Without the right to SCHED_FIFO the thread runs at
/// normal priority and `rights->scheduling` says why.
/// Returns 0 and the thread in `handle`, or an errno where there is no thread at all.
int forecourt_start_realtime(
    int priority, void (*body)(void *), void *context, uint64_t *handle,
    struct forecourt_rights *rights);

/// Waits until the thread has ended.
void forecourt_join(uint64_t handle);

/// Sleeps until CLOCK_MONOTONIC reaches `nanoseconds`; a signal does not cut it short.
void forecourt_sleep_until(int64_t nanoseconds);

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and those it starts, and ignores
/// SIGPIPE.
void forecourt_block_end_signals(void);

/// Waits for a blocked end signal at most so long; returns its number, or 0.
int forecourt_wait_end_signal(int milliseconds);

/// Starts a program in a session of its own, so that it outlives the caller, with stdin from and
/// stdout to /dev/null, stderr appended to `log`, and no other descriptor.
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

/// A detached thread for `body`, with the signals of the caller blocked. Returns 0 or an errno.
int forecourt_start_thread(void (*body)(void *), void *context);

/// How a child ended: its status, or 256 + the signal that ended it; -1 where it has not ended or
/// is no child of this process.
int forecourt_reap(pid_t process);

/// Opens `path`, made where it is missing, and takes its lock without waiting.
/// Returns the descriptor, which holds the lock until it is closed, or -1 with errno set;
/// EWOULDBLOCK where another process holds it.
int forecourt_open_locked(const char *path);

/// Sets a linux watchdog's time-out in seconds. Returns 0 or an errno.
int forecourt_set_watchdog_timeout(int descriptor, int seconds);
