/* SPDX-License-Identifier: MIT */
#include "sleeps.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE 0 /* no system call is of it: sleeps last host time */
#endif

#define FIELD(name)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define UNLESS(k, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip)
#define IF(k, skip)     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, skip, 0)
#define ANSWER(action)  BPF_STMT(BPF_RET | BPF_K, action)

void sleeps_open(struct sleeps *sleeps)
{
    /* clock_nanosleep() without flags sleeps for a time, not until one. */
    static const struct sock_filter filter[] = {
        FIELD(arch),
        UNLESS(NATIVE, 5),
        FIELD(nr),
        IF(SYS_nanosleep, 4),
        UNLESS(SYS_clock_nanosleep, 2),
        FIELD(args[1]),
        IF(0, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(SECCOMP_RET_USER_NOTIF),
    };
    const struct sock_fprog program = {sizeof filter / sizeof filter[0],
                                       (struct sock_filter *)filter};

    sleeps->count = 0;
    sleeps->listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

void sleeps_close(struct sleeps *sleeps)
{
    if (sleeps->listener >= 0)
        close(sleeps->listener);
    sleeps->listener = -1;
}

/* With `go_on` the kernel executes the call after all; else it has succeeded. A sleeper that is
 * gone needs no answer. */
static void answer(const struct sleeps *sleeps, uint64_t id, bool go_on)
{
    struct seccomp_notif_resp response = {
        .id = id,
        .flags = go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
    };

    (void)ioctl(sleeps->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* False: not to be read, or no such time, or a long one. */
static bool duration(const struct seccomp_notif *call, uint64_t *ps)
{
    unsigned argument = call->data.nr == SYS_nanosleep ? 0 : 2;
    struct timespec time;
    struct iovec to = {&time, sizeof time};
    struct iovec from = {(void *)(uintptr_t)call->data.args[argument], sizeof time};

    if (process_vm_readv((pid_t)call->pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof time ||
        time.tv_sec < 0 || time.tv_sec > 1 || time.tv_nsec < 0 || time.tv_nsec > 999999999)
        return false;
    *ps = ((uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec) * 1000;
    return *ps <= SLEEPS_LONGEST;
}

void sleeps_serve(struct sleeps *sleeps, uint64_t now)
{
    struct seccomp_notif call = {.id = 0};
    uint64_t ps;

    if (ioctl(sleeps->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
        return; /* the sleeper is gone */
    if (sleeps->count == SLEEPS_MAX || !duration(&call, &ps)) {
        answer(sleeps, call.id, true);
        return;
    }
    sleeps->sleep[sleeps->count++] = (struct sleep){call.id, now + ps};
}

void sleeps_end(struct sleeps *sleeps, uint64_t now, bool all)
{
    size_t left = 0;

    for (size_t i = 0; i < sleeps->count; i++) {
        const struct sleep *sleep = &sleeps->sleep[i];
        bool due = sleep->due <= now;

        if (due || all)
            answer(sleeps, sleep->id, !due);
        else
            sleeps->sleep[left++] = *sleep;
    }
    sleeps->count = left;
}
