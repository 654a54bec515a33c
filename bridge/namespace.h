/* SPDX-License-Identifier: MIT */
/* The private surroundings of a session: namespaces and mounts of the calling process. */
#ifndef BRIDGE_NAMESPACE_H
#define BRIDGE_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>

/* Moves the calling process, which must be single-threaded, into a mount and a network namespace
 * of its own; without the privilege, into a user namespace as well, in which it keeps its ids.
 * False, with one line in `error`, when the system does not allow it. */
bool namespace_enter(char *error, size_t error_size);

/* Makes `path` an empty writable directory that only this namespace sees, whether or not it
 * existed; what is around it stays visible. Call after namespace_enter(). */
bool namespace_cover(const char *path, char *error, size_t error_size);

#endif
