/* Preloaded, it makes calls on files whose path contains FAIL_PATH fail.
   FAIL is a list of the calls and the numbers of their errors: "flock:37,pread64:5". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int number_of(const char *call) {
    const char *list = getenv("FAIL");
    size_t length = strlen(call);
    while (list && *list) {
        if (!strncmp(list, call, length) && list[length] == ':') return atoi(list + length + 1);
        list = strchr(list, ',');
        if (list) list++;
    }
    return 0;
}

static int concerns(const char *path) {
    const char *part = getenv("FAIL_PATH");
    return part && strstr(path, part) != NULL;
}

static int fails(const char *call, int fd) {
    char link[64], path[4096];
    int number = number_of(call);
    if (!number) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!concerns(path)) return 0;
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(type, name, parameters, arguments) \
    type name parameters { return fails(#name, fd) ? -1 : REAL(name) arguments; }
#define WRAP_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        int number = number_of("open"); \
        if (!number || !concerns(path)) return REAL(name)(path, flags, mode); \
        errno = number; \
        return -1; \
    }

int flock(int fd, int operation);
WRAP(int, flock, (int fd, int operation), (fd, operation))
WRAP(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
WRAP(ssize_t, pread64, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(int, fsync, (int fd), (fd))
WRAP_OPEN(open)
WRAP_OPEN(open64)
