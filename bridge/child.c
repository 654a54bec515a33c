/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

bool child_open(struct child *child)
{
    sigset_t mask;
    *child = (struct child){.signals = -1, .status = -1};
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &mask, &child->old_mask) != 0)
        return false;
    child->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return child->signals >= 0;
}

void child_close(struct child *child)
{
    if (child->signals >= 0)
        close(child->signals);
    sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
}

/* Never returns; tells through `report` why the command could not be executed. */
__attribute__((noreturn)) static void become(const struct child *child, char *const command[],
                                             int report)
{
    sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
    /* Without the board there is nothing left to do, however this process ends. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* libudev: accept device directories that are not on a real sysfs. */
    setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1);
    execvp(command[0], command);
    int reason = errno;
    ssize_t told = write(report, &reason, sizeof reason);
    (void)told; /* the exit status says the same */
    _exit(CHILD_NOT_FOUND);
}

bool child_start(struct child *child, char *const command[], char *error, size_t error_size)
{
    int report[2], reason;
    bool made = pipe2(report, O_CLOEXEC) == 0;
    child->pid = made ? fork() : -1;
    if (child->pid < 0) {
        snprintf(error, error_size, "cannot start %s: %s", command[0], strerror(errno));
        child->pid = 0;
        return false;
    }
    if (child->pid == 0)
        become(child, command, report[1]);
    close(report[1]);
    if (read(report[0], &reason, sizeof reason) == sizeof reason) {
        waitpid(child->pid, NULL, 0);
        child->status = CHILD_NOT_FOUND;
        snprintf(error, error_size, "cannot run %s: %s: give another program", command[0],
                 strerror(reason));
    }
    close(report[0]);
    return true;
}

bool child_running(const struct child *child)
{
    return child->pid > 0 && child->status < 0;
}

static void reap(struct child *child)
{
    int status;
    if (!child_running(child) || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    child->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_signals(struct child *child)
{
    struct signalfd_siginfo info;
    while (read(child->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(child);
        else if (!child_running(child))
            child->killer = (int)info.ssi_signo;
        else if (info.ssi_code != SI_KERNEL) /* from the terminal the command got its own */
            kill(child->pid, (int)info.ssi_signo);
    }
}

void child_terminate(const struct child *child)
{
    if (child_running(child))
        kill(child->pid, SIGTERM);
}
