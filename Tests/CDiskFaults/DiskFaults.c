#define _GNU_SOURCE
#include "DiskFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct disk_faults_head *head;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);

__attribute__((constructor)) static void start(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    const char *path = getenv("FORECOURT_DISK_FAULTS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, DISK_FAULTS_HEAD + 2 * DISK_FAULTS_JOURNAL,
        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    if (memory == MAP_FAILED) return;
    if (((struct disk_faults_head *)memory)->magic == DISK_FAULTS_MAGIC) head = memory;
}

// 0: the database, 1: its log, -1: no business of ours.
static int kind(int file) {
    if (!head) return -1;
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return -1;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (!name) return -1;
    if (strcmp(name, "/station.sqlite") == 0) return 0;
    return strcmp(name, "/station.sqlite-wal") == 0 ? 1 : -1;
}

static void remember(int file, int which, size_t size, off64_t offset) {
    struct stat status;
    if (fstat(file, &status) != 0) return;
    uint32_t used = __atomic_load_n(&head->used[which], __ATOMIC_ACQUIRE);
    size_t old = 0;
    if (offset < status.st_size) {
        off64_t left = status.st_size - offset;
        old = (size_t)left < size ? (size_t)left : size;
    }
    size_t needed = (sizeof(struct disk_faults_entry) + old + 7) & ~(size_t)7;
    if (used + needed > DISK_FAULTS_JOURNAL) {
        head->overflows++;
        return;
    }
    char *place = (char *)head + DISK_FAULTS_HEAD + which * DISK_FAULTS_JOURNAL + used;
    struct disk_faults_entry entry = {
        .offset = (uint64_t)offset, .file_size = (uint64_t)status.st_size, .size = (uint32_t)size,
        .old_size = (uint32_t)old,
    };
    memcpy(place, &entry, sizeof entry);
    if (old && real_pread(file, place + sizeof entry, old, offset) != (ssize_t)old) return;
    __atomic_store_n(&head->used[which], used + (uint32_t)needed, __ATOMIC_RELEASE);
}

static ssize_t work(int file, int which, const void *bytes, size_t size, off64_t offset) {
    head->writes++;
    uint32_t error = __atomic_load_n(&head->error, __ATOMIC_ACQUIRE);
    uint32_t dies = __atomic_load_n(&head->dies, __ATOMIC_ACQUIRE);
    if (dies && head->passes <= 0) {
        size_t part = head->is_short ? size / 2 : size;
        remember(file, which, part, offset);
        ssize_t ignored = real_pwrite(file, bytes, part, offset);
        (void)ignored;
        kill(getpid(), SIGKILL);
    }
    if ((error || dies) && head->passes > 0) {
        head->passes--;
    } else if (error) {
        head->failures++;
        if (head->is_short && size > 1) {
            remember(file, which, size / 2, offset);
            return real_pwrite(file, bytes, size / 2, offset);
        }
        errno = (int)error;
        return -1;
    }
    remember(file, which, size, offset);
    return real_pwrite(file, bytes, size, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
    int which = kind(file);
    if (which < 0) return real_pwrite(file, bytes, size, offset);
    pthread_mutex_lock(&lock);
    ssize_t result = work(file, which, bytes, size, offset);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
    return pwrite64(file, bytes, size, offset);
}

static int sync_with(int (*real)(int), int file) {
    int which = kind(file);
    if (which < 0) return real(file);
    head->syncs++;
    if (head->lies) return 0;
    int result = real(file);
    if (result == 0) __atomic_store_n(&head->used[which], 0, __ATOMIC_RELEASE);
    return result;
}
int fdatasync(int file) { return sync_with(real_fdatasync, file); }
int fsync(int file) { return sync_with(real_fsync, file); }
