/* How long a large dump of callgrind takes to read, and how much memory, beside callgrind_annotate
 * on the same file. The dump is made of a real one (perl at a small task, by instruction), repeated
 * under other addresses and names until it is large:
 *
 *     bench-callgrind [MEGABYTES [COPIES]]     default: 100, and 30 % of it distinct
 *
 * Every COPIES copies begin anew with the first. Exits 1 when reading 100 MB takes more than 2 s or
 * 300 MB. Both programs are timed as a whole, each in a process of its own, on one CPU. */
#include "base/file.h"
#include "rig/callgrind_dump.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, GOAL_S = 2, GOAL_MB = 300, NAMES_A_COPY = 1000000 };

struct usage {
    double seconds;
    long peak_mb;
    int status;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-callgrind: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* Runs it to its end; NULL-terminated arguments, output dropped. With `path` instead: reads
 * that. */
static struct usage measure(const char *const *arguments, const char *path)
{
    struct timespec start, end;
    struct rusage spent;
    struct usage usage;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0 && path != NULL) {
        struct callgrind_profile *profile;
        struct error err = {0};
        if (!callgrind_profile_new(&profile, &err) ||
            !callgrind_profile_read(profile, path, NULL, &err)) {
            fprintf(stderr, "bench-callgrind: %s: %s\n", err.where, err.text);
            _exit(2);
        }
        _exit(callgrind_profile_sum(profile) == callgrind_profile_total(profile) ? 0 : 3);
    }
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nowhere < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0)
            _exit(127);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    if (wait4(child, &usage.status, 0, &spent) != child)
        fail("wait");
    clock_gettime(CLOCK_MONOTONIC, &end);
    usage.seconds =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    usage.peak_mb = spent.ru_maxrss / 1024;
    return usage;
}

static void make_real_dump(const char *path)
{
    char option[4200];
    snprintf(option, sizeof option, "--callgrind-out-file=%s", path);
    const char *const arguments[] = {
        "valgrind",
        "-q",
        "--tool=callgrind",
        "--dump-instr=yes",
        "--dump-line=yes",
        option,
        "perl",
        "-e",
        "use POSIX; my %h; $h{sprintf '%x', $_ * 7919} = $_ for 1 .. 2000; "
        "my $s = join ',', sort keys %h; $s =~ s/(\\d+)/<$1>/g; print length $s",
        NULL};
    errno = 0;
    if (measure(arguments, NULL).status != 0)
        fail("no dump from valgrind and perl");
}

/* One row of copy `copy`, with its addresses and the numbers of its names moved away. */
static void write_row(FILE *out, const char *row, unsigned copy)
{
    const char *equals = strchr(row, '=');
    const char *address = strstr(row, "0x");
    unsigned long number;
    int length = 0;
    if (equals != NULL && sscanf(equals, "=(%lu)%n", &number, &length) == 1 && length > 0) {
        const char *name = equals + length;
        fprintf(out, "%.*s(%lu)", (int)(equals + 1 - row), row, number + copy * NAMES_A_COPY);
        if (*name == ' ' && copy > 0)
            fprintf(out, "%.*s.%u\n", (int)strcspn(name, "\n"), name, copy);
        else
            fputs(name, out);
    } else if (address != NULL &&
               (isdigit((unsigned char)row[0]) || strncmp(row, "calls=", 6) == 0)) {
        char *after;
        unsigned long long moved = strtoull(address, &after, 16) + ((unsigned long long)copy << 36);
        fprintf(out, "%.*s0x%llx%s", (int)(address - row), row, moved, after);
    } else {
        fputs(row, out);
    }
}

/* Between the head and the totals, again and again. Returns the copies written. */
static unsigned make_large_dump(const char *from, const char *to, size_t bytes, unsigned copies)
{
    char *row = NULL;
    size_t capacity = 0;
    unsigned copy = 0;
    unsigned long long total = 0;
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    if (in == NULL || out == NULL)
        fail(to);
    while (getline(&row, &capacity, in) > 0 && strncmp(row, "summary:", 8) != 0)
        fputs(row, out);
    long body = ftell(in);
    for (; (size_t)ftell(out) < bytes; copy++) {
        fseek(in, body, SEEK_SET);
        while (getline(&row, &capacity, in) > 0 && strncmp(row, "totals:", 7) != 0)
            write_row(out, row, copy % copies);
        total += strtoull(row + 7, NULL, 10);
    }
    fprintf(out, "totals: %llu\n", total);
    if (ferror(in) || ferror(out) || fclose(out) != 0)
        fail(to);
    fclose(in);
    free(row);
    return copy;
}

static void describe(const char *path, unsigned copies)
{
    struct callgrind_profile *profile;
    struct error err = {0};
    struct stat file;
    size_t lines, calls;
    if (stat(path, &file) != 0 || !callgrind_profile_new(&profile, &err) ||
        !callgrind_profile_read(profile, path, NULL, &err))
        fail(path);
    callgrind_profile_lines(profile, &lines);
    callgrind_profile_calls(profile, &calls);
    printf("%.1f MB of %u copies: %zu places, %zu calls, %zu names, %" PRIu64 " instructions\n",
           (double)file.st_size / 1e6, copies, lines, calls,
           callgrind_profile_string_count(profile), callgrind_profile_total(profile));
    callgrind_profile_free(profile);
}

/* The rounds alternate; each program's fastest counts. */
static bool compare(const char *path, double megabytes)
{
    const char *const annotate[] = {"callgrind_annotate", path, NULL};
    struct usage ours = {0}, theirs = {0};
    for (int round = 0; round < ROUNDS; round++) {
        struct usage one = measure(NULL, path);
        if (one.status != 0)
            fail("reading it");
        ours = round == 0 || one.seconds < ours.seconds ? one : ours;
        if (round == 0) /* it takes minutes */
            theirs = measure(annotate, NULL);
    }
    printf("%-20s %8.2f s %6ld MB peak\n", "tollgate", ours.seconds, ours.peak_mb);
    if (theirs.status != 0)
        printf("%-20s could not\n", "callgrind_annotate");
    else
        printf("%-20s %8.2f s %6ld MB peak: %.1f times as long\n", "callgrind_annotate",
               theirs.seconds, theirs.peak_mb, theirs.seconds / ours.seconds);
    bool met = ours.seconds * 100 / megabytes <= GOAL_S && ours.peak_mb <= GOAL_MB;
    printf("goal: at most %d s and %d MB for 100 MB: %s\n", GOAL_S, GOAL_MB,
           met ? "met" : "MISSED");
    return met;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/tollgate-bench-XXXXXX", real[64], large[64];
    double megabytes = argc > 1 ? strtod(argv[1], NULL) : 100;
    struct error err = {0};
    if (megabytes < 1 || megabytes > 10000 || mkdtemp(folder) == NULL) {
        fputs("usage: bench-callgrind [MEGABYTES [COPIES]]\n", stderr);
        return 2;
    }
    snprintf(real, sizeof real, "%s/real", folder);
    snprintf(large, sizeof large, "%s/large", folder);
    make_real_dump(real);
    struct stat file;
    if (stat(real, &file) != 0)
        fail(real);
    unsigned fitting = (unsigned)(megabytes * 1e6 / (double)file.st_size) + 1;
    unsigned copies = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : fitting * 3 / 10;
    copies = copies > 0 ? copies : 1;
    describe(large, make_large_dump(real, large, (size_t)(megabytes * 1e6), copies));
    bool met = compare(large, megabytes);
    if (!file_remove_tree(folder, &err))
        fprintf(stderr, "bench-callgrind: %s\n", err.text);
    return met ? 0 : 1;
}
