/* SPDX-License-Identifier: MIT */
/* A socket at which one peer at a time is served, without waiting. */
#ifndef BRIDGE_LISTENER_H
#define BRIDGE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

struct listener {
    int fd;                /* -1: closed */
    struct sockaddr_un at; /* of a Unix socket; sun_path is empty for others */
};

/* "PORT" or "ADDRESS:PORT" (IPv4)? False, with one line in `error`, when not. */
bool listener_check_tcp(const char *where, char *error, size_t error_size);
/* Both: false, with one line in `error`, when that fails. */
/* A Unix socket at `path`; one that a dead process left there is replaced. */
bool listener_open_unix(struct listener *l, const char *path, char *error, size_t error_size);
/* A TCP socket at "PORT" of the loopback interface, or at "ADDRESS:PORT". */
bool listener_open_tcp(struct listener *l, const char *where, char *error, size_t error_size);
/* Removes the path of a Unix socket. */
void listener_close(struct listener *l);

/* The next peer, as a descriptor that does not block; -1: none. */
int listener_accept(const struct listener *l);

#endif
