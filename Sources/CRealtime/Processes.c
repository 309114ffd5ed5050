#define _GNU_SOURCE
#include "Processes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void end_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void forecourt_block_end_signals(void) {
    sigset_t set;
    end_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int forecourt_wait_end_signal(int milliseconds) {
    sigset_t set;
    end_signals(&set);
    struct timespec timeout = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    int number = sigtimedwait(&set, NULL, &timeout);
    return number > 0 ? number : 0;
}

int forecourt_spawn_session(
    const char *path, char *const arguments[], const char *log, pid_t *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(
        &actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int result = posix_spawn(process, path, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int forecourt_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int forecourt_pidfd_signal(int descriptor, int signal) {
    return syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0) == 0 ? 0 : errno;
}

int forecourt_wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void forecourt_wake(int descriptor) {
    uint64_t one = 1;
    // Full only if it is readable already.
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored;
}

int forecourt_wait_readable(int first, int second, int milliseconds) {
    struct pollfd descriptors[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    int count = poll(descriptors, 2, milliseconds);
    if (count <= 0) return 0;
    return (descriptors[0].revents ? 1 : 0) | (descriptors[1].revents ? 2 : 0);
}

int forecourt_reap(pid_t process) {
    int status;
    if (waitpid(process, &status, WNOHANG) != process) return -1;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : -1;
}

int forecourt_open_locked(const char *path) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return -1;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
}
