/* SPDX-License-Identifier: MIT */
/*
 * dfuse explore: an update with the power cut at every flash operation. The update is told once;
 * when an operation begins, a fork of this process goes on with the power cut at the next one, and
 * its exit status is how that ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "faults.h"
#include "report.h"
#include "story.h"
#include "target.h"

#define JOBS_MAX  64
#define CHILD_CUT STORY_ENDS /* exit status: the cut never came */

static const char help[] =
    "usage: dfuse explore [options] IMAGE UPDATE\n"
    "\n"
    "Can a power cut in an update brick the product? Runs IMAGE on a simulated board,\n"
    "brings it into DFU and updates it to UPDATE, with the power cut before, inside\n"
    "and after each operation of flash, EEPROM and option bytes. When power is back\n"
    "the board must come up in DFU or run one of the two applications, whole. Tells\n"
    "how many cuts end how, and of the first that ends in neither the command that\n"
    "replays it.\n"
    "\n"
    "Options:\n"
    "  --press PIN           enter DFU by this button: PA0 (high when pressed) or\n"
    "                        PA0:0 (low)\n"
    "  --detach              enter DFU by DFU_DETACH from the host (the default)\n"
    "  --cut-power n=N:HOW   only this cut, with the events of the board on stderr;\n"
    "                        HOW is before, torn, all-but-one, none or after\n"
    "  --rom v4.0|v4.1       system memory to imitate (v4.1)\n"
    "  --part PART           part on the board (l072xz): one of 'dfuse help parts'\n"
    "  --seed N              of all that is random, as the bits of a torn word (1)\n"
    "  --jobs N              cuts tried at a time (the number of CPUs)\n"
    "\n"
    "Examples:\n"
    "  An application with a button at PA1 that enters DFU by the latched way:\n"
    "    dfuse explore --press PA1 hidden.elf update.elf\n"
    "  One of its cuts, told event by event:\n"
    "    dfuse explore --press PA1 --cut-power n=20:torn hidden.elf update.elf\n"
    "\n"
    "Exit status: 0 no cut bricks the board, 1 one does, 2 wrong usage or\n"
    "environment.\n";

/* "None" is not here: it leaves the memories as "before" does. */
static const enum l072_moment moments[] = {L072_BEFORE, L072_TORN, L072_TORN_BUT_ONE, L072_AFTER};
#define MOMENTS (sizeof moments / sizeof moments[0])

struct options {
    struct l072_config config;
    const char *image, *update;
    char pin[8]; /* empty: detach */
    bool level;
    struct faults_list cut; /* one or none */
    uint32_t jobs;
    bool help;
};

struct cut {
    pid_t pid;    /* 0: no process */
    unsigned nth; /* in the order of time, from 1 */
    struct l072_fault fault;
};

struct explorer {
    const struct options *options;
    struct image old_image, new_image;
    struct story story;
    struct report report;
    struct cut running[JOBS_MAX];
    unsigned ends[STORY_ENDS];
    unsigned forks;
    struct cut first;   /* that bricks; nth 0: none does */
    bool child;         /* this process is a fork, with its cut to come */
    struct error error; /* of the environment; empty: none */
};

/* ---- Options --------------------------------------------------------------------------------- */

static bool parse_pin(struct options *options, const char *text, struct error *error)
{
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof(options->pin) ||
        (text[length] && strcmp(text + length, ":0") != 0))
        return error_set(error, "'%s' is no button; write PA0, or PA0:0 to pull low", text);
    memcpy(options->pin, text, length);
    options->pin[length] = '\0';
    options->level = !text[length];
    return true;
}

static bool set_option(struct options *options, int id, const char *value, struct error *error)
{
    switch (id) {
    case 'p': return parse_pin(options, value, error);
    case 'd': options->pin[0] = '\0'; return true;
    case 'c':
        if (options->cut.count)
            return error_set(error, "one --cut-power only");
        return faults_add_cut(&options->cut, value, error);
    case 'r':
        options->config.rom = strcmp(value, "v4.0") == 0 ? L072_ROM_V40 : L072_ROM_V41;
        return options->config.rom == L072_ROM_V40 || strcmp(value, "v4.1") == 0 ||
               error_set(error, "--rom is v4.1 or v4.0, not '%s'", value);
    case 't': options->config.part = value; return true;
    case 's':
        return parse_u32(value, &options->config.seed) ||
               error_set(error, "--seed: '%s' is not a number", value);
    case 'j':
        return (parse_u32(value, &options->jobs) && options->jobs > 0) ||
               error_set(error, "--jobs: '%s' is not a number above 0", value);
    default: options->help = true; return true;
    }
}

/* Returns the exit status when there is nothing more to do, else -1. */
static int parse(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"press",     required_argument, NULL, 'p'},
        {"detach",    no_argument,       NULL, 'd'},
        {"cut-power", required_argument, NULL, 'c'},
        {"rom",       required_argument, NULL, 'r'},
        {"part",      required_argument, NULL, 't'},
        {"seed",      required_argument, NULL, 's'},
        {"jobs",      required_argument, NULL, 'j'},
        {"help",      no_argument,       NULL, 'h'},
        {NULL,        0,                 NULL, 0  },
    };
    struct error error;
    int id;
    optind = 1;
    while ((id = cli_next_option("explore", ":h", names, argc, argv)) != -1) {
        if (id == '?')
            return CLI_USAGE;
        if (!set_option(options, id, optarg, &error))
            return cli_fail("explore", "%s", error.text);
        if (options->help)
            return cli_help(&verb_explore);
    }
    if (argc - optind != 2)
        return cli_fail("explore", "give an IMAGE and its UPDATE; see 'dfuse help explore'");
    options->image = argv[optind];
    options->update = argv[optind + 1];
    if (options->jobs > JOBS_MAX)
        options->jobs = JOBS_MAX;
    return -1;
}

/* ---- Forks ----------------------------------------------------------------------------------- */

static void count(struct explorer *e, const struct cut *cut, int status)
{
    unsigned end = WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : CHILD_CUT + 1;
    if (end > CHILD_CUT)
        error_set(&e->error, "a process that tries a cut ended with status 0x%X", (unsigned)status);
    if (end >= STORY_ENDS)
        return;
    e->ends[end]++;
    if (end == STORY_BRICK && (!e->first.nth || cut->nth < e->first.nth))
        e->first = *cut;
}

/* Waits for one of the forks. */
static void collect(struct explorer *e)
{
    int status;
    pid_t pid = wait(&status);
    for (unsigned i = 0; i < e->options->jobs; i++)
        if (e->running[i].pid == pid) {
            e->running[i].pid = 0;
            count(e, &e->running[i], status);
        }
}

static struct cut *free_slot(struct explorer *e)
{
    for (;;) {
        for (unsigned i = 0; i < e->options->jobs; i++)
            if (e->running[i].pid == 0)
                return &e->running[i];
        collect(e);
    }
}

/* A fork goes on with the cut armed: e->child tells who is who. */
static void fork_with(struct explorer *e, const struct l072_fault *cut)
{
    struct cut *slot = free_slot(e);
    pid_t pid = fork();
    if (pid < 0) {
        error_set(&e->error, "cannot fork: %s", strerror(errno));
        return;
    }
    if (pid > 0) {
        *slot = (struct cut){pid, ++e->forks, *cut};
        return;
    }
    e->child = true;
    (void)l072_fault(e->story.board, cut); /* cannot fail: it is the second that is armed at most */
}

/* Forks for each cut at operation n, which is yet to come, and asks to be told when it begins. */
static void branch(struct explorer *e, uint32_t n)
{
    struct l072_fault cut = {.kind = L072_FAULT_CUT, .operation = n};
    struct l072_fault mark = {.operation = n, .moment = L072_BEFORE};
    for (unsigned i = 0; i < MOMENTS && !e->child && !e->error.text[0]; i++) {
        cut.moment = moments[i];
        fork_with(e, &cut);
    }
    if (!e->child)
        (void)l072_fault(e->story.board, &mark);
}

static void observe(void *context, const struct l072_event *event)
{
    struct explorer *e = context;
    if (event->kind == L072_EVENT_FAULT && event->value == L072_FAULT_NONE && !e->child)
        branch(e, event->detail + 2); /* event->detail operations have begun; now one more does */
}

static bool explore(struct explorer *e)
{
    e->story.observe = observe;
    e->story.context = e;
    branch(e, 1);
    bool works = story_run(&e->story);
    if (e->child)
        _exit(l072_powered(e->story.board) ? CHILD_CUT : (int)story_recover(&e->story));
    for (unsigned i = 0; i < e->options->jobs; i++)
        while (e->running[i].pid)
            collect(e);
    if (!works)
        return error_set(&e->error, "the update fails even without a cut; try it with 'dfuse sim'");
    return !e->error.text[0];
}

/* ---- One cut --------------------------------------------------------------------------------- */

static void report(void *context, const struct l072_event *event)
{
    report_event(context, event);
}

static int replay(struct explorer *e)
{
    static const char *const ends[] = {
        [STORY_DFU] = "DFU",
        [STORY_OLD] = "the old application",
        [STORY_NEW] = "the new application",
        [STORY_BRICK] = "neither DFU nor a whole application",
    };
    e->story.observe = report;
    e->story.context = &e->report;
    e->report = (struct report){.board = e->story.board, .image = &e->old_image};
    if (!faults_arm(&e->options->cut, e->story.board, &e->error))
        return CLI_USAGE;
    (void)story_run(&e->story);
    if (l072_powered(e->story.board)) {
        error_set(&e->error, "the update does not last until that cut");
        return CLI_USAGE;
    }
    enum story_end end = story_recover(&e->story);
    if (l072_stop(e->story.board)->kind != L072_STOP_NONE)
        report_stop(&e->report);
    printf("ends in %s\n", ends[end]);
    return end == STORY_BRICK ? CLI_WRONG : CLI_DONE;
}

/* ---- The verb -------------------------------------------------------------------------------- */

/* Of an update that does not fit, the ROM would only say no. */
static bool fits(struct explorer *e)
{
    struct l072 *board = l072_clone(e->story.board);
    bool ok = board ? target_load(board, &e->new_image, &e->error)
                    : error_set(&e->error, "not enough memory for a board");
    l072_destroy(board);
    return ok;
}

static bool set_up(struct explorer *e)
{
    const struct options *options = e->options;
    struct story *story = &e->story;
    if (!image_load(&e->old_image, options->image, IMAGE_FLASH, &e->error) ||
        !image_load(&e->new_image, options->update, IMAGE_FLASH, &e->error))
        return false;
    *story = (struct story){.old_image = &e->old_image, .new_image = &e->new_image};
    story->pin = options->pin[0] ? options->pin : NULL;
    story->level = options->level;
    story->board = target_create(&options->config, &e->error);
    if (!story->board || !fits(e) || !target_load(story->board, &e->old_image, &e->error))
        return false;
    return !story->pin || l072_drive_pin(story->board, story->pin, false) == 0 ||
           error_set(&e->error, "no pin '%s' to press; pins are PA0 to PH1", story->pin);
}

/* Prints a word of a command as a shell reads it. */
static void print_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789%+,-./:=@_";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        printf(" %s", word);
        return;
    }
    printf(" '");
    for (; *word; word++) {
        if (*word == '\'')
            printf("'\\'");
        putchar(*word);
    }
    printf("'");
}

static int tell(const struct explorer *e, double seconds, int argc, char **argv)
{
    const unsigned *ends = e->ends;
    unsigned cuts = ends[STORY_DFU] + ends[STORY_OLD] + ends[STORY_NEW] + ends[STORY_BRICK];
    printf("%u cuts: %u end in DFU, %u in the old application, %u in the new one, %u in neither\n",
           cuts, ends[STORY_DFU], ends[STORY_OLD], ends[STORY_NEW], ends[STORY_BRICK]);
    fprintf(stderr, "%.1f s, %.0f cuts a second\n", seconds, cuts / seconds);
    if (!ends[STORY_BRICK])
        return CLI_DONE;
    printf("the first that bricks: dfuse explore --cut-power n=%u:%s", e->first.fault.operation,
           faults_moment_name(e->first.fault.moment));
    for (int i = 1; i < argc; i++)
        print_word(argv[i]);
    putchar('\n');
    return CLI_WRONG;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct options options = {
        .config = {.seed = 1},
        .jobs = cpus > 1 ? (uint32_t)cpus : 1,
    };
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;

    double start = now();
    struct explorer e = {.options = &options};
    status = CLI_USAGE;
    if (set_up(&e)) {
        if (options.cut.count)
            status = replay(&e);
        else if (explore(&e))
            status = tell(&e, now() - start, argc, argv);
    }
    l072_destroy(e.story.board);
    image_free(&e.old_image);
    image_free(&e.new_image);
    return e.error.text[0] ? cli_fail("explore", "%s", e.error.text) : status;
}

const struct verb verb_explore = {"explore", "cut the power everywhere in an update", help, run};
