/* SPDX-License-Identifier: MIT */
#include "fusefs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fuse_lowlevel.h>

#include "namespace.h"

#define MOUNT_POINT "/dev/bus/usb"

/* Inodes: the two directories, then file NNN of the bus as FIRST_FILE + NNN. */
enum { ROOT = FUSE_ROOT_ID, BUS = 2, FIRST_FILE = 0x100, HUB_FILE = FIRST_FILE + 1 };

static struct usbfs *usbfs_of(fuse_req_t request)
{
    return ((struct fusefs *)fuse_req_userdata(request))->usbfs;
}

static struct usbfs_file *file_of(const struct fuse_file_info *info)
{
    return (struct usbfs_file *)(uintptr_t)info->fh;
}

static bool exists(const struct usbfs *fs, fuse_ino_t inode)
{
    return inode == ROOT || inode == BUS || inode == HUB_FILE ||
           (fs->plugged && inode == (fuse_ino_t)FIRST_FILE + fs->address);
}

/* Owned by the user of the session: the only one its user namespace is sure to know. */
static struct stat attributes(fuse_ino_t inode)
{
    mode_t mode = inode < FIRST_FILE ? S_IFDIR | 0755 : S_IFREG | 0666;
    if (inode == HUB_FILE)
        mode = S_IFREG | 0444;
    return (struct stat){
        .st_ino = inode, .st_mode = mode, .st_nlink = 1, .st_uid = getuid(), .st_gid = getgid()};
}

static void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    char expected[16];
    const struct usbfs *fs = usbfs_of(request);
    unsigned number = (unsigned)strtoul(name, NULL, 10);
    fuse_ino_t inode = parent == ROOT && number == 1 ? BUS : 0;
    if (parent == BUS)
        inode = FIRST_FILE + number;
    snprintf(expected, sizeof expected, "%03u", number);
    if (!exists(fs, inode) || strcmp(name, expected) != 0) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    struct fuse_entry_param entry = {.ino = inode, .attr = attributes(inode)};
    fuse_reply_entry(request, &entry);
}

static void op_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    (void)info;
    struct stat st = attributes(inode);
    if (exists(usbfs_of(request), inode))
        fuse_reply_attr(request, &st, 0);
    else
        fuse_reply_err(request, ENOENT);
}

struct listing {
    fuse_req_t request;
    off_t offset; /* entries the reader has already */
    off_t count;
    size_t size, used;
    char data[512];
};

static void list(struct listing *l, const char *name, fuse_ino_t inode)
{
    struct stat st = attributes(inode);
    if (l->count++ < l->offset)
        return;
    size_t need = fuse_add_direntry(l->request, NULL, 0, name, NULL, 0);
    if (need > l->size - l->used)
        return;
    fuse_add_direntry(l->request, l->data + l->used, need, name, &st, l->count);
    l->used += need;
}

static void op_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                       struct fuse_file_info *info)
{
    (void)info;
    const struct usbfs *fs = usbfs_of(request);
    struct listing l = {.request = request, .offset = offset};
    l.size = size < sizeof l.data ? size : sizeof l.data;
    list(&l, ".", inode);
    list(&l, "..", ROOT);
    if (inode == ROOT) {
        list(&l, "001", BUS);
    } else {
        char name[8];
        list(&l, "001", HUB_FILE);
        snprintf(name, sizeof name, "%03u", fs->address);
        if (fs->plugged)
            list(&l, name, (fuse_ino_t)FIRST_FILE + fs->address);
    }
    fuse_reply_buf(request, l.data, l.used);
}

static void op_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    struct usbfs *fs = usbfs_of(request);
    if (inode == HUB_FILE) {
        fuse_reply_err(request, EACCES);
        return;
    }
    if (!exists(fs, inode)) {
        fuse_reply_err(request, ENODEV);
        return;
    }
    struct usbfs_file *file = usbfs_open(fs);
    if (!file) {
        fuse_reply_err(request, ENOMEM);
        return;
    }
    info->fh = (uintptr_t)file;
    info->direct_io = 1; /* the size is not known beforehand */
    if (fuse_reply_open(request, info) != 0)
        usbfs_close(file); /* the process is gone: there will be no release */
}

static void forget_poll(struct usbfs_file *file)
{
    if (file->poll)
        fuse_pollhandle_destroy(file->poll);
    file->poll = NULL;
}

static void op_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    (void)inode;
    forget_poll(file_of(info));
    usbfs_close(file_of(info));
    fuse_reply_err(request, 0);
}

/* Reading the device's file gives its descriptors. */
static void op_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *info)
{
    (void)inode;
    const struct usbfs *fs = file_of(info)->fs;
    if (file_of(info)->gone) {
        fuse_reply_err(request, ENODEV);
        return;
    }
    size_t start = offset < fs->blob_size ? (size_t)offset : fs->blob_size;
    size_t left = fs->blob_size - start;
    fuse_reply_buf(request, (const char *)fs->blob + start, size < left ? size : left);
}

static void interrupted(fuse_req_t request, void *file)
{
    usbfs_interrupt(((struct usbfs_file *)file)->fs, request);
}

/* FUSE passes ioctls of regular files on without their data; the argument is an address in the
 * caller, which stays blocked, and its memory unchanged, until the answer. */
static void op_ioctl(fuse_req_t request, fuse_ino_t inode, unsigned command, void *argument,
                     struct fuse_file_info *info, unsigned flags, const void *in, size_t in_size,
                     size_t out_size)
{
    (void)inode, (void)in, (void)in_size, (void)out_size;
    struct usbfs_call call = {fuse_req_ctx(request)->pid, command, (uintptr_t)argument, request};
    if (flags & FUSE_IOCTL_COMPAT) { /* a 32-bit program: its structures differ */
        fuse_reply_err(request, ENOTTY);
        return;
    }
    fuse_req_interrupt_func(request, interrupted, file_of(info));
    if (fuse_req_interrupted(request)) {
        fuse_reply_err(request, EINTR);
        return;
    }
    usbfs_ioctl(file_of(info), &call);
}

static void op_poll(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info,
                    struct fuse_pollhandle *handle)
{
    (void)inode;
    struct usbfs_file *file = file_of(info);
    if (handle) {
        forget_poll(file);
        file->poll = handle;
    }
    fuse_reply_poll(request, usbfs_poll(file));
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = op_lookup,
    .getattr = op_getattr,
    .readdir = op_readdir,
    .open = op_open,
    .release = op_release,
    .read = op_read,
    .ioctl = op_ioctl,
    .poll = op_poll,
};

void fusefs_answer(void *request, int result)
{
    if (result < 0)
        fuse_reply_err(request, -result);
    else
        fuse_reply_ioctl(request, result, NULL, 0);
}

void fusefs_completed(struct usbfs_file *file)
{
    if (file->poll)
        fuse_lowlevel_notify_poll(file->poll);
    forget_poll(file);
}

/* Opens /dev/fuse and mounts it, without the help of a setuid program. Returns the descriptor,
 * which must be opened in the user namespace that mounts; or -1 with one line in `error`. */
static int mount_fuse(char *error, size_t error_size)
{
    char options[128];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        const char *advice = "load the kernel module fuse (modprobe fuse), or give the container "
                             "the device";
        if (errno == EACCES || errno == EPERM)
            advice = "run as root, or let your user open it (chmod a+rw /dev/fuse)";
        snprintf(error, error_size, "cannot open /dev/fuse: %s: %s", strerror(errno), advice);
        return -1;
    }
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fd,
             getuid(), getgid());
    if (mount("usbfs", MOUNT_POINT, "fuse", MS_NOSUID | MS_NODEV, options) == 0)
        return fd;
    snprintf(error, error_size,
             "cannot mount a FUSE file system on " MOUNT_POINT ": %s: run as root",
             strerror(errno));
    close(fd);
    return -1;
}

static void free_all(struct fusefs *fs)
{
    if (fs->session)
        fuse_session_destroy(fs->session); /* closes the descriptor: late requests fail at once */
    if (fs->buffer)
        free(fs->buffer->mem);
    free(fs->buffer);
    *fs = (struct fusefs){.usbfs = fs->usbfs};
}

bool fusefs_open(struct fusefs *fs, struct usbfs *usbfs, char *error, size_t error_size)
{
    char name[] = "dfuse", device[32];
    char *argv[] = {name, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    *fs = (struct fusefs){.usbfs = usbfs};
    if (!namespace_cover(MOUNT_POINT, error, error_size))
        return false;
    int fd = mount_fuse(error, error_size);
    if (fd < 0)
        return false;
    snprintf(device, sizeof device, "/dev/fd/%d", fd);
    fs->session = fuse_session_new(&args, &operations, sizeof operations, fs);
    fuse_opt_free_args(&args);
    fs->buffer = calloc(1, sizeof *fs->buffer);
    if (fs->session && fs->buffer && fuse_session_mount(fs->session, device) == 0)
        return true;
    snprintf(error, error_size, "cannot start a FUSE session: out of memory");
    free_all(fs);
    close(fd);
    return false;
}

void fusefs_close(struct fusefs *fs)
{
    if (!fs->session)
        return;
    for (struct usbfs_file *file = fs->usbfs->files; file; file = file->next)
        forget_poll(file);
    umount2(MOUNT_POINT, MNT_DETACH);
    free_all(fs);
}

int fusefs_descriptor(const struct fusefs *fs)
{
    return fs->session ? fuse_session_fd(fs->session) : -1;
}

bool fusefs_serve(struct fusefs *fs)
{
    int got;
    while ((got = fuse_session_receive_buf(fs->session, fs->buffer)) > 0 || got == -EINTR)
        if (got > 0)
            fuse_session_process_buf(fs->session, fs->buffer);
    return got == -EAGAIN;
}
