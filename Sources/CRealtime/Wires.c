#define _GNU_SOURCE
#include "Wires.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int forecourt_open_pseudo_terminal(int *master, int *slave, char *path, size_t capacity) {
    int near = -1;
    int far = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (far < 0) return -1;
    int name = 0;
    if (grantpt(far) != 0 || unlockpt(far) != 0) goto failed;
    name = ptsname_r(far, path, capacity);
    if (name != 0) {
        errno = name;
        goto failed;
    }
    near = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (near < 0) goto failed;
    struct termios settings;
    if (tcgetattr(near, &settings) != 0) goto failed;
    cfmakeraw(&settings);
    if (tcsetattr(near, TCSANOW, &settings) != 0) goto failed;
    if (fcntl(far, F_SETFL, fcntl(far, F_GETFL) | O_NONBLOCK) != 0) goto failed;
    *master = far;
    *slave = near;
    return 0;
failed:;
    int reason = errno;
    if (near >= 0) close(near);
    close(far);
    errno = reason;
    return -1;
}

int forecourt_wait_nanoseconds(int descriptor, int64_t nanoseconds) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    if (nanoseconds < 0) nanoseconds = 0;
    struct timespec time = {
        .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int ready = ppoll(&wanted, 1, &time, NULL);
    return ready > 0 ? 1 : ready;
}
