/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)256 << 20) /* an ELF with all its debug information fits */

/* What the user can do about an errno value. */
static const char *advice(int reason)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return "; check the name";
    case EISDIR: return "; name a file in it";
    case EACCES:
    case EPERM: return "; change its permissions";
    case EROFS: return "; give another folder";
    case ENOSPC:
    case EDQUOT: return "; free some space";
    case EFBIG: return "; firmware is smaller";
    default: return "";
    }
}

static bool fail(struct error *error, const char *verb, const char *path, int reason)
{
    return error_set(error, "cannot %s '%s': %s%s", verb, path, strerror(reason), advice(reason));
}

/* Reads to the end; NULL with errno set. Pipes work too, so the size is not asked for. */
static uint8_t *read_stream(FILE *stream, size_t *size)
{
    uint8_t *data = NULL;
    size_t room = 0;
    *size = 0;
    do {
        room = room ? 2 * room : 65536;
        uint8_t *larger = room <= FILE_MAX ? realloc(data, room) : NULL;
        if (!larger) {
            free(data);
            errno = EFBIG;
            return NULL;
        }
        data = larger;
        *size += fread(data + *size, 1, room - *size, stream);
    } while (*size == room);
    if (ferror(stream)) {
        free(data);
        return NULL;
    }
    return data;
}

bool file_read(const char *path, uint8_t **data, size_t *size, struct error *error)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return fail(error, "read", path, errno);
    *data = read_stream(stream, size);
    int reason = errno;
    fclose(stream);
    if (!*data)
        return fail(error, "read", path, reason);
    if (*size == 0) {
        free(*data);
        return error_set(error, "%s: the file is empty; build it again", path);
    }
    return true;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return fsync(fd) == 0;
}

bool file_can_write(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, "%s: is not a regular file; give another name", path);
    const char *slash = strrchr(path, '/');
    char folder[4096];
    int length = slash ? (int)(slash - path) + 1 : 1;
    snprintf(folder, sizeof(folder), "%.*s", length, slash ? path : ".");
    if (path[0] == '\0' || access(folder, W_OK | X_OK) != 0)
        return fail(error, "write", path, path[0] ? errno : ENOENT);
    return true;
}

bool file_write(const char *path, const void *data, size_t size, struct error *error)
{
    if (!file_can_write(path, error))
        return false;
    char temporary[4096];
    int length = snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
    if (length >= (int)sizeof(temporary))
        return fail(error, "write", path, ENAMETOOLONG);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail(error, "write", path, errno);

    bool ok = write_all(fd, data, size);
    int reason = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        reason = errno;
    }
    if (ok)
        return true;
    unlink(temporary);
    return fail(error, "write", path, reason);
}

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool file_find_program(const char *name, struct error *error)
{
    const char *path = getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin";
    bool named = strchr(name, '/'), found = named && is_program(name);
    while (!named && !found && *path) {
        size_t length = strcspn(path, ":");
        char file[4096];
        int size = snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, name);
        found = size < (int)sizeof(file) && is_program(file);
        path += length + (path[length] == ':');
    }
    return found || error_set(error, "%s: command not found; install it or give its path", name);
}

bool file_same(const char *a, const char *b)
{
    struct stat one, two;
    if (!a || !b)
        return false;
    if (stat(a, &one) != 0 || stat(b, &two) != 0)
        return strcmp(a, b) == 0;
    return S_ISREG(one.st_mode) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}
