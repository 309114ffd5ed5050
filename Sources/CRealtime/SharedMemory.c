#define _GNU_SOURCE
#include "SharedMemory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <unistd.h>

void *forecourt_map_shared(const char *path, size_t size, int create) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (descriptor < 0) return NULL;
    struct stat status;
    int failure = 0;
    if (fstat(descriptor, &status) != 0) {
        failure = errno;
    } else if ((size_t)status.st_size < size) {
        if (!create) {
            failure = EINVAL;
        } else if (ftruncate(descriptor, (off_t)size) != 0) {
            failure = errno;
        }
    }
    void *memory = MAP_FAILED;
    if (failure == 0) {
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (memory == MAP_FAILED) failure = errno;
    }
    close(descriptor);
    if (failure != 0) {
        errno = failure;
        return NULL;
    }
    return memory;
}
