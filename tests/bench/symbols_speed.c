/* How long names for 100,000 samples take, the opening of files included.
 *
 *     bench-symbols [PROGRAM ARGUMENT...]
 *
 * Two measurements. PROGRAM (a gateway that goes on running) is started, and addresses all over the
 * code that it has mapped are resolved, some often and most seldom. And a program that burns CPU
 * time is recorded with perf; its samples are resolved by us and by `perf script`, in turn, and the
 * ratios are printed. perf's times hold the reading of its recording and the printing; ours are of
 * functions, inlined ones and lines always. */
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "rig/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SAMPLES = 100000,
    DEPTH = 20,
    PLACES = 5000, /* distinct addresses of the started program */
    SETTLE_MS = 500,
    PERF_TIMEOUT_MS = 300000,
    TEXT_MAX = 1 << 30,
    ROUNDS = 5,
};

#define BURN_SECONDS "6"
#define BURN_HZ      "20000"
#define EVENT        "cpu-clock:u"

struct addresses {
    uint64_t *items;
    size_t count, capacity, samples;
};

/* Either a process that lives, or the text of its maps. */
struct source {
    pid_t pid;
    const struct buffer *maps;
};

static void fail(const char *what, const struct error *err)
{
    fprintf(stderr, "bench-symbols: %s: %s\n", what, err != NULL ? err->text : "failed");
    exit(2);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_SECOND;
}

static void add_address(struct addresses *addresses, uint64_t address)
{
    if (addresses->count == addresses->capacity) {
        addresses->capacity = addresses->capacity > 0 ? addresses->capacity * 2 : 1 << 16;
        addresses->items =
            reallocarray(addresses->items, addresses->capacity, sizeof *addresses->items);
        if (addresses->items == NULL)
            fail("addresses", NULL);
    }
    addresses->items[addresses->count++] = address;
}

/* Opens everything anew and resolves all. */
static double resolve(const struct source *source, const struct addresses *addresses,
                      size_t *with_line)
{
    struct symbols *symbols;
    struct symbols_map *map;
    struct symbols_place place;
    struct error err = {0};
    int64_t start = clock_monotonic_ns();
    if (!symbols_new(&symbols, "/nowhere", NULL, &err))
        fail("symbols", &err);
    bool ok = source->maps != NULL
                  ? symbols_map_parse(&map, symbols, source->maps->data, source->maps->length, &err)
                  : symbols_map_read(&map, symbols, source->pid, &err);
    if (!ok)
        fail("map", &err);
    *with_line = 0;
    for (size_t i = 0; i < addresses->count; i++) {
        symbols_map_resolve(map, addresses->items[i], &place);
        *with_line += place.count > 0 && place.frames[0].line > 0;
    }
    double took = seconds_since(start);
    symbols_map_free(map);
    symbols_free(symbols);
    return took;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static double usual(const struct source *source, const struct addresses *addresses,
                    size_t *with_line)
{
    double took[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        took[i] = resolve(source, addresses, with_line);
    return median(took, ROUNDS);
}

/* Places anywhere in the executable mappings; the n-th is met about 1/n as often as the first. */
static void choose_addresses(pid_t pid, struct addresses *addresses)
{
    char path[64];
    struct buffer text;
    struct error err = {0};
    struct random random;
    struct {
        uint64_t low, high;
    } ranges[256];
    size_t count = 0;
    uint64_t total = 0, places[PLACES];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    buffer_init(&text, TEXT_MAX);
    if (!file_read(path, &text, &err))
        fail("the program's maps", &err);
    for (const char *line = text.data; line != NULL && count < COUNT_OF(ranges);) {
        unsigned long long low, high;
        char rights[5];
        if (sscanf(line, "%llx-%llx %4s", &low, &high, rights) == 3 && rights[2] == 'x' &&
            low < INT64_MAX) {
            ranges[count].low = low;
            ranges[count++].high = high;
            total += high - low;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    buffer_release(&text);
    random_seed(&random, 1);
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t at = random_below(&random, total);
        size_t range = 0;
        for (; at >= ranges[range].high - ranges[range].low; range++)
            at -= ranges[range].high - ranges[range].low;
        places[i] = ranges[range].low + at;
    }
    addresses->samples = SAMPLES;
    for (size_t i = 0; i < (size_t)SAMPLES * DEPTH; i++) {
        size_t rank = (size_t)(1 / (random_unit(&random) + 1.0 / PLACES));
        add_address(addresses, places[rank < PLACES ? rank : PLACES - 1]);
    }
}

static void bench_program(char **arguments)
{
    const char *words[64] = {0};
    pid_t pid;
    struct error err = {0};
    struct addresses addresses = {0};
    size_t with_line;
    for (size_t i = 0; arguments[i] != NULL && i + 1 < COUNT_OF(words); i++)
        words[i] = arguments[i];
    struct child_options options = {.arguments = words, .cpu = -1, .dies_with_parent = true};
    if (!child_start(&options, &pid, &err))
        fail("the program", &err);
    usleep(SETTLE_MS * 1000);
    choose_addresses(pid, &addresses);
    struct source source = {.pid = pid};
    double took = usual(&source, &addresses, &with_line);
    printf("%s and its libraries: %zu samples of %d addresses, %zu of %zu with a line: %.3f s\n",
           words[0], addresses.samples, DEPTH, with_line, addresses.count, took);
    child_kill(pid);
    free(addresses.items);
}

/* Runs perf; the seconds it took, or -1 when it failed. */
static double run_perf(const char *const *arguments, struct buffer *out)
{
    struct error err = {0};
    struct child_status status;
    struct buffer errors;
    struct child_options options = {.arguments = arguments, .cpu = -1};
    buffer_init(&errors, TEXT_MAX);
    int64_t start = clock_monotonic_ns();
    bool ok = child_run(&options, PERF_TIMEOUT_MS, NULL, out, &errors, &status, &err);
    double took = seconds_since(start);
    if (ok && (status.signalled || status.code != 0))
        fprintf(stderr, "%s", buffer_text(&errors));
    buffer_release(&errors);
    return ok && !status.signalled && status.code == 0 ? took : -1;
}

/* Where a mapping of the file begins that holds the offset; 0 when there is none. perf shows
 * addresses of files as offsets. */
static uint64_t mapped_at(const struct buffer *maps, const char *path, size_t path_size,
                          uint64_t at)
{
    for (const char *line = maps->data; line != NULL && *line != '\0';) {
        unsigned long long low, high, offset;
        char rights[5];
        int path_at = 0;
        const char *end = strchr(line, '\n');
        if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %n", &low, &high, rights, &offset, &path_at) >=
                4 &&
            end != NULL && rights[2] == 'x' && end - line == path_at + (ptrdiff_t)path_size &&
            memcmp(line + path_at, path, path_size) == 0 && at >= offset &&
            at - offset < high - low)
            return low + (at - offset);
        line = end != NULL ? end + 1 : NULL;
    }
    return 0;
}

/* The lines of `perf script -F ip,dso`, "offset (path)", an empty line between samples. */
static void read_addresses(const struct buffer *text, const struct buffer *maps,
                           struct addresses *addresses)
{
    bool inside = false;
    for (const char *line = text->data; line != NULL && *line != '\0';) {
        char *end;
        unsigned long long at = strtoull(line, &end, 16);
        const char *next = strchr(line, '\n');
        if (end != line && next != NULL && end < next && end[1] == '(') {
            uint64_t address = mapped_at(maps, end + 2, (size_t)(next - end - 3), at);
            add_address(addresses, address != 0 ? address : at);
            addresses->samples += !inside;
            inside = true;
        } else {
            inside = false;
        }
        line = next != NULL ? next + 1 : NULL;
    }
}

/* Ours and perf's in turn, for some rounds. */
static void compare(const char *name, const char *const *arguments, int rounds,
                    const struct source *source, const struct addresses *addresses)
{
    double ours[ROUNDS], theirs[ROUNDS];
    size_t with_line;
    for (int i = 0; i < rounds; i++) {
        struct buffer out;
        buffer_init(&out, TEXT_MAX);
        ours[i] = resolve(source, addresses, &with_line);
        theirs[i] = run_perf(arguments, &out);
        buffer_release(&out);
        if (theirs[i] < 0) {
            printf("  %-38s not within %d s\n", name, PERF_TIMEOUT_MS / 1000);
            return;
        }
    }
    double our_median = median(ours, (size_t)rounds), their_median = median(theirs, (size_t)rounds);
    printf("  %-38s %8.3f s, ours %.3f s: %.1f to 1\n", name, their_median, our_median,
           their_median / our_median);
}

static void bench_perf(const char *folder)
{
    char data[4200], maps_path[4200];
    struct error err = {0};
    struct addresses addresses = {0};
    struct buffer out, maps;
    size_t with_line;
    snprintf(data, sizeof data, "%s/perf.data", folder);
    snprintf(maps_path, sizeof maps_path, "%s/maps", folder);
    const char *record[] = {"perf", "record", "-q", "-F",      BURN_HZ,      "-g",      "-e", EVENT,
                            "-o",   data,     "--", BURN_PATH, BURN_SECONDS, maps_path, NULL};
    const char *ip[] = {"perf", "script", "-i", data, "-F", "ip,dso", NULL};
    const char *names[] = {"perf", "script", "-i", data, "-F", "ip,sym", "--no-inline", NULL};
    const char *lines[] = {"perf", "script", "-i", data, "-F", "ip,sym,srcline", NULL};
    buffer_init(&out, TEXT_MAX);
    buffer_init(&maps, TEXT_MAX);
    if (run_perf(record, &out) < 0 || !file_read(maps_path, &maps, &err)) {
        printf("perf records nothing here: there is nothing to compare with\n");
        goto out;
    }
    buffer_clear(&out);
    if (run_perf(ip, &out) < 0)
        fail("perf script", NULL);
    read_addresses(&out, &maps, &addresses);
    struct source source = {.maps = &maps};
    double took = usual(&source, &addresses, &with_line);
    printf("a recording of perf's: %zu samples, %zu of %zu addresses with a line: %.3f s\n",
           addresses.samples, with_line, addresses.count, took);
    compare("perf script, functions alone:", names, ROUNDS, &source, &addresses);
    compare("perf script, functions and lines:", lines, 1, &source, &addresses);
out:
    buffer_release(&out);
    buffer_release(&maps);
    free(addresses.items);
}

int main(int count, char **arguments)
{
    char folder[] = "/tmp/bench-symbols-XXXXXX";
    struct error err = {0};
    if (count > 1)
        bench_program(arguments + 1);
    if (mkdtemp(folder) == NULL)
        fail(folder, NULL);
    bench_perf(folder);
    if (!file_remove_tree(folder, &err))
        fail(folder, &err);
    return 0;
}
