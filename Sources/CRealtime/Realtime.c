#define _GNU_SOURCE
#include "Realtime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { stack_size = 512 * 1024, touched_stack = 128 * 1024 };

void forecourt_limit_heaps(void) { mallopt(M_ARENA_MAX, 2); }

void forecourt_give_back_pages(void) {
    malloc_trim(0);
    FILE *maps = fopen("/proc/self/smaps", "re");
    if (!maps) return;
    char line[512];
    unsigned long start = 0, end = 0, begins, ends, own;
    while (fgets(line, sizeof line, maps)) {
        char rights[5], path;
        int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %c", &begins, &ends, rights, &path);
        if (fields >= 3) {
            // Code or constants of a file, which nobody writes to any more.
            int is_constant = fields == 4 && path == '/' && rights[0] == 'r' && rights[1] == '-';
            start = is_constant ? begins : 0;
            end = ends;
        } else if (start && sscanf(line, "Anonymous: %lu", &own) == 1 && own == 0) {
            // No page differs from the file's, as relocated ones would: the file holds all of it.
            madvise((void *)start, end - start, MADV_DONTNEED);
        }
    }
    fclose(maps);
}

void forecourt_prepare_memory(struct forecourt_rights *rights) {
    // Freed memory stays mapped and locked; no allocation maps pages of its own.
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_MMAP_MAX, 0);
    // One arena: each further one would reserve, and so lock, 64 MB of addresses.
    mallopt(M_ARENA_MAX, 1);
    rights->memory = mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno;
    // The request holds while the descriptor is open (pm_qos_interface.rst).
    int latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
    int32_t microseconds = 0;
    if (latency >= 0 && write(latency, &microseconds, sizeof microseconds) > 0) {
        rights->latency = 0;
    } else {
        rights->latency = errno;
        if (latency >= 0) close(latency);
    }
}

struct start {
    void (*body)(void *);
    void *context;
};

static void __attribute__((noinline)) touch_stack(void) {
    volatile char page[touched_stack];
    for (size_t index = 0; index < sizeof page; index += 1024) page[index] = 0;
}

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    touch_stack();
    start.body(start.context);
    return NULL;
}

int forecourt_start_realtime(
    int priority, void (*body)(void *), void *context, uint64_t *handle,
    struct forecourt_rights *rights) {
    struct start *start = malloc(sizeof *start);
    if (!start) return ENOMEM;
    *start = (struct start){body, context};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    struct sched_param parameter = {.sched_priority = priority};
    pthread_attr_setschedparam(&attributes, &parameter);
    pthread_t thread;
    rights->scheduling = pthread_create(&thread, &attributes, run, start);
    int result = 0;
    if (rights->scheduling != 0) {
        pthread_attr_setinheritsched(&attributes, PTHREAD_INHERIT_SCHED);
        result = pthread_create(&thread, &attributes, run, start);
        if (result != 0) free(start);
    }
    pthread_attr_destroy(&attributes);
    *handle = (uint64_t)thread;
    return result;
}

int forecourt_bind_processor(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (processor < 0 || processor >= CPU_SETSIZE) return EINVAL;
    CPU_SET(processor, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void forecourt_join(uint64_t handle) { pthread_join((pthread_t)handle, NULL); }

int64_t forecourt_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void forecourt_sleep_until(int64_t nanoseconds) {
    struct timespec deadline = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR) {}
}

int forecourt_start_thread(void (*body)(void *), void *context) {
    struct start *start = malloc(sizeof *start);
    if (!start) return ENOMEM;
    *start = (struct start){body, context};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int result = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result != 0) free(start);
    return result;
}

int forecourt_set_watchdog_timeout(int descriptor, int seconds) {
    return ioctl(descriptor, WDIOC_SETTIMEOUT, &seconds) == 0 ? 0 : errno;
}
