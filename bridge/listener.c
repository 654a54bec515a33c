/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

static bool fail(struct listener *l, const char *where, char *error, size_t error_size)
{
    snprintf(error, error_size, "cannot listen at %s: %s", where, strerror(errno));
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    return false;
}

static bool start(struct listener *l, const void *address, socklen_t size)
{
    return bind(l->fd, address, size) == 0 && listen(l->fd, 4) == 0;
}

/* A socket at which nobody listens any more. */
static bool is_left_over(const struct sockaddr_un *at)
{
    struct stat status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = lstat(at->sun_path, &status) == 0 && S_ISSOCK(status.st_mode) && fd >= 0 &&
                   connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

bool listener_open_unix(struct listener *l, const char *path, char *error, size_t error_size)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *l = (struct listener){.fd = -1};
    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return fail(l, path, error, error_size);
    }
    strcpy(at.sun_path, path);
    if (is_left_over(&at))
        unlink(path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
    if (l->fd < 0 || !start(l, &at, sizeof at))
        return fail(l, path, error, error_size);
    l->at = at;
    return true;
}

static bool tell_syntax(const char *where, char *error, size_t error_size)
{
    snprintf(error, error_size, "'%s' is not PORT or ADDRESS:PORT, as 3240 or 0.0.0.0:3240", where);
    return false;
}

static bool parse(const char *where, struct sockaddr_in *address)
{
    const char *colon = strrchr(where, ':');
    char text[INET_ADDRSTRLEN] = "127.0.0.1", *end;
    const char *digits = colon ? colon + 1 : where;
    unsigned long port = strtoul(digits, &end, 10);
    if (colon && (size_t)(colon - where) >= sizeof text)
        return false;
    if (colon)
        snprintf(text, sizeof text, "%.*s", (int)(colon - where), where);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return *digits >= '0' && *digits <= '9' && *end == '\0' && port >= 1 && port <= UINT16_MAX &&
           inet_pton(AF_INET, text, &address->sin_addr) == 1;
}

bool listener_check_tcp(const char *where, char *error, size_t error_size)
{
    struct sockaddr_in address;
    return parse(where, &address) || tell_syntax(where, error, error_size);
}

bool listener_open_tcp(struct listener *l, const char *where, char *error, size_t error_size)
{
    struct sockaddr_in address;
    int yes = 1;
    *l = (struct listener){.fd = -1};
    if (!parse(where, &address))
        return tell_syntax(where, error, error_size);
    l->fd = socket(AF_INET, SOCK_STREAM | FLAGS, 0);
    if (l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        !start(l, &address, sizeof address))
        return fail(l, where, error, error_size);
    return true;
}

void listener_close(struct listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->at.sun_path[0])
        unlink(l->at.sun_path);
    *l = (struct listener){.fd = -1};
}

int listener_accept(const struct listener *l)
{
    int yes = 1, fd = accept4(l->fd, NULL, NULL, FLAGS);
    /* Requests and answers are small and wait for each other. */
    if (fd >= 0 && !l->at.sun_path[0])
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}
