#pragma once

#include <stdint.h>

/// What a real-time thread could be given; 0 is granted, otherwise the errno of the refusal.
struct forecourt_rights {
    int scheduling;
    int memory;
    int latency;
};

/// Lets all threads share two heaps: each further one keeps freed memory of its own. Call first.
void forecourt_limit_heaps(void);

/// Gives back the pages of code and constants that were used so far, and free heap: what is needed
/// again comes back from the page cache by itself. For processes that wait most of their lives; never for one
/// whose memory is locked.
void forecourt_give_back_pages(void);

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

/// Keeps the calling thread on one processor. Returns 0 or an errno.
int forecourt_bind_processor(int processor);

/// Waits until the thread has ended.
void forecourt_join(uint64_t handle);

/// Nanoseconds on CLOCK_MONOTONIC.
int64_t forecourt_monotonic_nanoseconds(void);

/// Sleeps until CLOCK_MONOTONIC reaches `nanoseconds`; a signal does not cut it short.
void forecourt_sleep_until(int64_t nanoseconds);

/// A detached thread for `body`, with the signals of the caller blocked. Returns 0 or an errno.
int forecourt_start_thread(void (*body)(void *), void *context);

/// Sets a linux watchdog's time-out in seconds. Returns 0 or an errno.
int forecourt_set_watchdog_timeout(int descriptor, int seconds);
