/* Let one call of a process, or of one below it, fail or kill it. Loaded with LD_PRELOAD.
 *
 * `faults_arm(path)` maps a file that all processes forked from then on share. Each wrapped call is
 * counted in it, for the process that armed (scope 0) and for all others together (scope 1). The
 * call whose number is asked for fails with an errno, or kills its process before or after it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { KILL_BEFORE = -1, KILL_AFTER = -2 };
enum {
    OPEN, CREATE, READ, WRITE, SYNC, CLOSE, RENAME, UNLINK, MKDIR, STAT, MAP, MEMORY, FORK, PIPE,
    CONTROL, LOCK, ALLOCATE, MODE, TRUNCATE, LIST, EPOLL, DUPLICATE, CALLS
};

struct control {
    int scope, call, at, what; /* what: an errno, or one of the kills */
    atomic_int struck;
    atomic_int counts[2][CALLS];
};

static struct control *control;
static pid_t armed_by;

#define REAL(name) ({ static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

int faults_arm(const char *path) {
    int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return errno;
    void *map = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    armed_by = getpid();
    control = map == MAP_FAILED ? NULL : map;
    return control ? 0 : ENOMEM;
}

int faults_calls(void) { return CALLS; }

/* Return what shall happen to this call: 0 nothing, an errno, or a kill behind it. */
static int strikes(int call) {
    if (!control) return 0;
    int scope = getpid() == armed_by ? 0 : 1;
    int number = atomic_fetch_add(&control->counts[scope][call], 1);
    if (scope != control->scope || call != control->call || number != control->at) return 0;
    atomic_store(&control->struck, 1);
    if (control->what == KILL_BEFORE) kill(getpid(), SIGKILL);
    return control->what;
}

static void after(int what) {
    if (what == KILL_AFTER) kill(getpid(), SIGKILL);
}

#define WRAP(type, name, call, parameters, arguments, failed) \
    type name parameters { \
        int what = strikes(call); \
        if (what > 0) { errno = what; return failed; } \
        type result = REAL(name) arguments; \
        if (what) after(what); \
        return result; \
    }

#define OPENS(name, parameters, arguments) \
    int name parameters { \
        va_list rest; va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; va_end(rest); \
        int what = strikes(flags & O_CREAT ? CREATE : OPEN); \
        if (what > 0) { errno = what; return -1; } \
        int result = REAL(name) arguments; \
        if (what) after(what); \
        return result; \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))

WRAP(ssize_t, read, READ, (int fd, void *to, size_t n), (fd, to, n), -1)
WRAP(ssize_t, pread64, READ, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at), -1)
WRAP(ssize_t, write, WRITE, (int fd, const void *from, size_t n), (fd, from, n), -1)
WRAP(ssize_t, pwrite64, WRITE, (int fd, const void *from, size_t n, off64_t at),
     (fd, from, n, at), -1)
WRAP(int, fsync, SYNC, (int fd), (fd), -1)
WRAP(int, fdatasync, SYNC, (int fd), (fd), -1)
WRAP(int, rename, RENAME, (const char *from, const char *to), (from, to), -1)
WRAP(int, renameat2, RENAME, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags), -1)
WRAP(int, unlink, UNLINK, (const char *path), (path), -1)
WRAP(int, unlinkat, UNLINK, (int at, const char *path, int flags), (at, path, flags), -1)
WRAP(int, rmdir, UNLINK, (const char *path), (path), -1)
WRAP(int, mkdir, MKDIR, (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, stat64, STAT, (const char *path, struct stat64 *to), (path, to), -1)
WRAP(int, lstat64, STAT, (const char *path, struct stat64 *to), (path, to), -1)
WRAP(int, fstat64, STAT, (int fd, struct stat64 *to), (fd, to), -1)
WRAP(int, stat, STAT, (const char *path, struct stat *to), (path, to), -1)
WRAP(int, lstat, STAT, (const char *path, struct stat *to), (path, to), -1)
WRAP(int, fstat, STAT, (int fd, struct stat *to), (fd, to), -1)
WRAP(int, fstatat64, STAT, (int at, const char *path, struct stat64 *to, int flags),
     (at, path, to, flags), -1)
WRAP(int, fstatat, STAT, (int at, const char *path, struct stat *to, int flags),
     (at, path, to, flags), -1)
WRAP(void *, mmap, fd < 0 ? MEMORY : MAP,
     (void *at, size_t size, int rights, int flags, int fd, off_t from),
     (at, size, rights, flags, fd, from), MAP_FAILED)
WRAP(void *, mmap64, fd < 0 ? MEMORY : MAP,
     (void *at, size_t size, int rights, int flags, int fd, off64_t from),
     (at, size, rights, flags, fd, from), MAP_FAILED)
WRAP(int, pipe, PIPE, (int ends[2]), (ends), -1)
WRAP(int, pipe2, PIPE, (int ends[2], int flags), (ends, flags), -1)
WRAP(int, flock, LOCK, (int fd, int how), (fd, how), -1)
WRAP(int, fchmod, MODE, (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, chmod, MODE, (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, ftruncate64, TRUNCATE, (int fd, off64_t size), (fd, size), -1)
WRAP(DIR *, opendir, LIST, (const char *path), (path), NULL)
WRAP(DIR *, fdopendir, LIST, (int fd), (fd), NULL)
WRAP(int, dup, DUPLICATE, (int fd), (fd), -1)
WRAP(int, dup2, DUPLICATE, (int fd, int to), (fd, to), -1)
WRAP(int, dup3, DUPLICATE, (int fd, int to, int flags), (fd, to, flags), -1)

int epoll_create1(int flags) {
    int what = strikes(EPOLL);
    if (what > 0) { errno = what; return -1; }
    int result = ((int (*)(int))dlsym(RTLD_NEXT, "epoll_create1"))(flags);
    if (what) after(what);
    return result;
}

pid_t fork(void) {
    int what = strikes(FORK);
    if (what > 0) { errno = what; return -1; }
    pid_t result = REAL(fork)();
    if (what && result) after(what);
    return result;
}

int close(int fd) { /* a close that fails has closed */
    int what = strikes(CLOSE);
    int result = REAL(close)(fd);
    if (what > 0) { errno = what; return -1; }
    if (what) after(what);
    return result;
}

int posix_fallocate64(int fd, off64_t from, off64_t size) { /* it returns its errno */
    int what = strikes(ALLOCATE);
    if (what > 0) return what;
    int result = REAL(posix_fallocate64)(fd, from, size);
    if (what) after(what);
    return result;
}
int posix_fallocate(int fd, off_t from, off_t size) { return posix_fallocate64(fd, from, size); }

#define CONTROLS(name) \
    int name(int fd, int command, ...) { \
        va_list rest; va_start(rest, command); void *more = va_arg(rest, void *); va_end(rest); \
        int unlock = command == F_SETLK && ((struct flock *)more)->l_type == F_UNLCK; \
        int what = unlock ? 0 : strikes(CONTROL); /* the kernel refuses no unlock */ \
        if (what > 0) { errno = what; return -1; } \
        int result = REAL(name)(fd, command, more); \
        if (what) after(what); \
        return result; \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)
