/* SPDX-License-Identifier: MIT */
#include "namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Debian and Ubuntu each have a switch of their own, beside the kernel's. */
#define ADVICE                                                                                     \
    "run as root (in a container with the capability SYS_ADMIN), or allow user namespaces "        \
    "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "                         \
    "kernel.apparmor_restrict_unprivileged_userns)"

static bool write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    return close(fd) == 0 && done;
}

/* The command sees the ids it would see outside: whoami, file owners and $HOME stay the same. */
static bool map_own_ids(uid_t uid, gid_t gid)
{
    char uid_map[64], gid_map[64];
    snprintf(uid_map, sizeof uid_map, "%u %u 1", uid, uid);
    snprintf(gid_map, sizeof gid_map, "%u %u 1", gid, gid);
    return write_line("/proc/self/setgroups", "deny") &&
           write_line("/proc/self/uid_map", uid_map) && write_line("/proc/self/gid_map", gid_map);
}

/* A new network namespace has its loopback interface down; the command may want localhost. */
static bool raise_loopback(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EAFNOSUPPORT;
    bool done = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    return close(fd) == 0 && done;
}

/* Each mount that can be seen, for a chroot: there "/" is no mount of its own (EINVAL). */
static bool keep_each_mount_private(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    if (!mounts)
        return false;
    for (const struct mntent *m; (m = getmntent(mounts));)
        (void)mount("none", m->mnt_dir, "none", MS_PRIVATE, NULL); /* not all can be reached */
    return endmntent(mounts) == 1;
}

/* What is mounted from here on stays in this namespace. */
static bool keep_mounts_private(void)
{
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    return errno == EINVAL && keep_each_mount_private();
}

bool namespace_enter(char *error, size_t error_size)
{
    const int wanted = CLONE_NEWNS | CLONE_NEWNET;
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(wanted) != 0) {
        if (unshare(wanted | CLONE_NEWUSER) != 0) {
            snprintf(error, error_size, "cannot make a private namespace: %s: " ADVICE,
                     strerror(errno));
            return false;
        }
        if (!map_own_ids(uid, gid)) {
            snprintf(error, error_size, "cannot map user %u into a user namespace: %s: " ADVICE,
                     uid, strerror(errno));
            return false;
        }
    }
    if (!keep_mounts_private() || !raise_loopback()) {
        snprintf(error, error_size, "cannot set up a private namespace: %s: " ADVICE,
                 strerror(errno));
        return false;
    }
    return true;
}

static bool mount_empty(const char *path)
{
    return mount("tmpfs", path, "tmpfs", MS_NOSUID, "mode=755") == 0;
}

/* Shows entry `name` of the covered directory `old` in its cover `path`. */
static bool show_entry(int old, const char *path, const char *name)
{
    char from[64 + NAME_MAX], to[PATH_MAX + NAME_MAX + 1];
    struct stat st;
    snprintf(from, sizeof from, "/proc/self/fd/%d/%s", old, name);
    snprintf(to, sizeof to, "%s/%s", path, name);
    if (fstatat(old, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (S_ISLNK(st.st_mode)) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(old, name, target, sizeof target - 1);
        if (n < 0)
            return false;
        target[n] = '\0';
        return symlink(target, to) == 0;
    }
    if (S_ISDIR(st.st_mode) ? mkdir(to, 0755) != 0 : mknod(to, S_IFREG | 0644, 0) != 0)
        return false;
    /* Recursive: mounts that came from another user namespace move only with their children. */
    return mount(from, to, "none", MS_BIND | MS_REC, NULL) == 0 || errno == ENOENT;
}

/* Covers directory `path` with a private one of the same entries, to which more can be added. */
static bool shadow(const char *path)
{
    DIR *old = opendir(path);
    bool done = old && mount_empty(path);
    const struct dirent *entry;
    while (done && (entry = readdir(old)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            done = show_entry(dirfd(old), path, entry->d_name);
    int reason = errno;
    if (old)
        closedir(old);
    errno = reason;
    return done;
}

/* Makes directory `path` after shadowing the deepest directory above it that exists, so that
 * nothing is created outside the namespace. */
static bool plant(const char *path)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    struct stat st;
    memcpy(part, path, length + 1);
    do {
        *strrchr(part, '/') = '\0';
        if (part[0] == '\0') {
            errno = ENOENT;
            return false;
        }
    } while (stat(part, &st) != 0);
    if (!shadow(part))
        return false;
    while (strlen(part) < length) {
        part[strlen(part)] = '/';
        if (mkdir(part, 0755) != 0)
            return false;
    }
    return true;
}

bool namespace_cover(const char *path, char *error, size_t error_size)
{
    struct stat st;
    if (stat(path, &st) == 0 ? mount_empty(path) : plant(path))
        return true;
    snprintf(error, error_size, "cannot set up a private %s: %s: run where it can be mounted", path,
             strerror(errno));
    return false;
}
