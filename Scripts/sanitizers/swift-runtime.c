// Tells the thread sanitizer of Swift's Mutex.
//
// Its fast paths are inlined atomics, which the sanitizer sees. A contended lock is taken and given
// back inside libswiftSynchronization, which is not instrumented: what one thread did under the lock
// would look unordered to the next one, and every contended Mutex like a race. These functions
// stand before the library's (LD_PRELOAD), do the same, and say so. In a process without the
// sanitizer they change nothing.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*lock_function)(uint32_t, SELF void *);
typedef SWIFT bool (*try_lock_function)(SELF void *);
typedef SWIFT void (*unlock_function)(SELF void *);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT bool try_lock_slow(SELF void *mutex) __asm__(TRY_LOCK);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT bool try_lock_slow(SELF void *mutex) {
    bool is_taken = ((try_lock_function)dlsym(RTLD_NEXT, TRY_LOCK))(mutex);
    if (is_taken && __tsan_acquire) __tsan_acquire(mutex);
    return is_taken;
}

SWIFT void unlock_slow(SELF void *mutex) {
    if (__tsan_release) __tsan_release(mutex);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}

// The same for reference counts, which the Swift runtime keeps: an array that was copied out of a
// lock is read by one thread and, once that thread has let go of it, changed in place by another
// one. What orders the two is the count, in libswiftCore, which is not instrumented either.

#define UNIQUE(name)                                      \
    int name(const void *object) {                        \
        typedef int (*function)(const void *);            \
        int is = ((function)dlsym(RTLD_NEXT, #name))(object) & 1; \
        if (is && __tsan_acquire) __tsan_acquire((void *)object); \
        return is;                                        \
    }
UNIQUE(swift_isUniquelyReferenced_native)
UNIQUE(swift_isUniquelyReferenced_nonNull_native)

void swift_release(void *object) {
    static void (*next)(void *);
    if (!next) next = (void (*)(void *))dlsym(RTLD_NEXT, "swift_release");
    if (__tsan_release && object) {
        __tsan_release(object);
        __tsan_acquire(object);  // whoever lets go last also frees
    }
    next(object);
}
