/* Addresses of processes: what is mapped, what was deleted since, other mount namespaces, code
 * compiled at run time, the kernel, the vdso. */
#include "symbols_sample.h"

#include "base/text.h"
#include "rig/symbols_private.h"

#include <dlfcn.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

TestSuite(symbols_map, .timeout = 120);

static struct symbols_map *read_map(struct symbols *symbols, pid_t pid)
{
    struct symbols_map *map;
    struct error err = {0};
    cr_assert(symbols_map_read(&map, symbols, pid, &err), "%s", err.text);
    return map;
}

static struct symbols_map *parse_map(struct symbols *symbols, const char *text)
{
    struct symbols_map *map;
    struct error err = {0};
    cr_assert(symbols_map_parse(&map, symbols, text, strlen(text), &err), "%s", err.text);
    return map;
}

static struct symbols_place resolve(const struct symbols_map *map, const void *address)
{
    struct symbols_place place;
    symbols_map_resolve(map, (uint64_t)(uintptr_t)address, &place);
    return place;
}

static __attribute__((noinline)) int here(int value)
{
    return value + getpid();
}

/* Our own functions as the compiler has them, others as the loader does. */
Test(symbols_map, our_own_process)
{
    char root[PATH_MAX];
    Dl_info info;
    cr_assert_not_null(realpath(TOLLGATE_SOURCE_DIR, root));
    struct symbols *symbols = sample_symbols(root, NULL);
    struct symbols_map *map = read_map(symbols, getpid());
    struct symbols_place place = resolve(map, (const void *)(uintptr_t)here);
    cr_expect_gt(here(1), 1);
    cr_assert_geq(place.count, 1);
    cr_expect_str_eq(place.frames[0].function, "here");
    cr_expect_str_eq(place.frames[0].file, "tests/unit/test_symbols_map.c");
    cr_expect(place.frames[0].own);
    cr_assert(dladdr((const void *)(uintptr_t)gelf_getsym, &info) != 0);
    place = resolve(map, (const char *)info.dli_saddr + 5);
    cr_expect_str_eq(place.frames[0].function, info.dli_sname);
    cr_expect_eq(strncmp(place.frames[0].object, "libelf", 6), 0);
    cr_expect_not(place.frames[0].own);
    symbols_map_free(map);
    symbols_free(symbols);
}

/* The object's own address is the process's without what the loader added. */
Test(symbols_map, addresses_of_the_file)
{
    Dl_info info;
    uint64_t address;
    struct symbols *symbols = sample_symbols("/nowhere", NULL);
    struct symbols_map *map = read_map(symbols, getpid());
    cr_assert(dladdr((const void *)(uintptr_t)gelf_getsym, &info) != 0);
    struct symbols_object *object =
        symbols_map_find(map, (uint64_t)(uintptr_t)info.dli_saddr, &address);
    cr_assert_not_null(object);
    cr_expect_eq(address, (uintptr_t)info.dli_saddr - (uintptr_t)info.dli_fbase);
    cr_expect_null(symbols_map_find(map, 1, &address));
    cr_expect_null(symbols_map_find(map, (uint64_t)(uintptr_t)&info, &address), "the stack");
    size_t count, found = 0;
    struct symbols_object *const *objects = symbols_map_objects(map, &count);
    for (size_t i = 0; i < count; i++)
        found += objects[i] == object;
    cr_expect_eq(found, 1);
    struct symbols_place place = resolve(map, NULL);
    cr_expect_eq(place.count, 0);
    cr_expect_null(place.frames[0].object);
    symbols_map_free(map);
    symbols_free(symbols);
}

Test(symbols_map, vdso)
{
    const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (image == NULL)
        cr_skip("there is no vdso");
    struct symbols *symbols = sample_symbols("/nowhere", NULL);
    struct symbols_map *map = read_map(symbols, getpid());
    size_t named = 0;
    for (size_t i = 0; i < 4096; i++) {
        struct symbols_place place = resolve(map, image + i);
        cr_expect_str_eq(place.frames[0].object, "[vdso]");
        named += place.count > 0 && strstr(place.frames[0].function, "clock_gettime") != NULL;
    }
    cr_expect_gt(named, 0);
    symbols_map_free(map);
    symbols_free(symbols);
}

/* --- processes that live while we look ------------------------------------------------------ */

struct sleeper {
    pid_t pid;
    int lifeline; /* it ends when this is closed */
};

/* What a container's start does: a mount namespace whose root is the folder. */
static bool enter(const char *root)
{
    return unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(root, root, NULL, MS_BIND, NULL) == 0 && chdir(root) == 0 &&
           syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0;
}

/* A program that writes a byte and waits, started from `path` in a root of its own when `root` is
 * one; returns when it waits. False when this machine does not let us. */
static bool start(struct sleeper *sleeper, const char *path, const char *root)
{
    int ends[2], signs[2];
    char sign;
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(pipe(signs), 0);
    sleeper->pid = fork();
    cr_assert_geq(sleeper->pid, 0);
    if (sleeper->pid == 0) {
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        dup2(signs[1], STDOUT_FILENO);
        close(signs[1]);
        if (root != NULL && !enter(root))
            _exit(77);
        execl(path, path, (char *)NULL);
        _exit(77);
    }
    close(ends[0]);
    close(signs[1]);
    bool waits = read(signs[0], &sign, 1) == 1;
    close(signs[0]);
    sleeper->lifeline = ends[1];
    if (!waits) {
        waitpid(sleeper->pid, NULL, 0);
        close(ends[1]);
    }
    return waits;
}

static void stop(struct sleeper *sleeper)
{
    int status;
    close(sleeper->lifeline);
    kill(sleeper->pid, SIGKILL);
    waitpid(sleeper->pid, &status, 0);
}

static const char waiter[] = "#include <unistd.h>\n"
                             "__attribute__((noinline)) int waits(void)\n"
                             "{\n"
                             "    char c;\n"
                             "    return (int)read(0, &c, 1);\n"
                             "}\n"
                             "int main(void)\n"
                             "{\n"
                             "    return write(1, \"\", 1) == 1 ? waits() : 1;\n"
                             "}\n";

/* Builds it as FOLDER/name, with fixed addresses: that of `waits` is into *address. */
static void build_waiter(const struct sample *sample, const char *name, uint64_t *address)
{
    struct error err = {0};
    uint64_t size;
    const char *source = sample_path(sample, "waiter.c");
    cr_assert(file_write_atomic(source, waiter, strlen(waiter), &err), "%s", err.text);
    cr_assert(sample_do(sample, "gcc", "-g", "-static", "-no-pie", source, "-o",
                        sample_path(sample, name), NULL));
    cr_assert(sample_symbol(sample, sample_path(sample, name), "waits", address, &size));
}

static void expect_waits(struct symbols *symbols, pid_t pid, uint64_t address)
{
    struct symbols_map *map = read_map(symbols, pid);
    struct symbols_place place;
    symbols_map_resolve(map, address, &place);
    cr_assert_eq(place.count, 1);
    cr_expect_str_eq(place.frames[0].function, "waits");
    cr_expect_str_eq(place.frames[0].file, "waiter.c");
    cr_expect_eq(place.frames[0].line, 3);
    cr_expect_str_eq(place.frames[0].object, "waiter");
    symbols_map_free(map);
}

Test(symbols_map, another_process)
{
    struct sample sample;
    struct sleeper sleeper;
    uint64_t address;
    sample_open(&sample);
    build_waiter(&sample, "waiter", &address);
    cr_assert(start(&sleeper, sample_path(&sample, "waiter"), NULL));
    struct symbols *symbols = sample_symbols(sample.folder, NULL);
    expect_waits(symbols, sleeper.pid, address);
    stop(&sleeper);
    symbols_free(symbols);
    sample_close(&sample);
}

/* The kernel still hands out a program that was deleted, or that another took the place of. */
Test(symbols_map, deleted_and_replaced)
{
    struct sample sample;
    struct sleeper sleeper;
    uint64_t address;
    sample_open(&sample);
    build_waiter(&sample, "waiter", &address);
    cr_assert(start(&sleeper, sample_path(&sample, "waiter"), NULL));
    cr_assert_eq(unlink(sample_path(&sample, "waiter")), 0);
    struct symbols *symbols = sample_symbols(sample.folder, NULL);
    expect_waits(symbols, sleeper.pid, address);
    symbols_free(symbols);
    cr_assert(sample_do(&sample, "cp", "/proc/self/exe", sample_path(&sample, "waiter"), NULL));
    symbols = sample_symbols(sample.folder, NULL);
    symbols_open(symbols, sample_path(&sample, "waiter"));
    expect_waits(symbols, sleeper.pid, address);
    stop(&sleeper);
    symbols_free(symbols);
    sample_close(&sample);
}

/* Text kept from earlier, the file gone or another since. */
Test(symbols_map, gone_since)
{
    struct sample sample;
    uint64_t address;
    char text[PATH_MAX + 256];
    struct stat status;
    sample_open(&sample);
    build_waiter(&sample, "waiter", &address);
    cr_assert_eq(stat(sample_path(&sample, "waiter"), &status), 0);
    for (int i = 0; i < 2; i++) {
        struct symbols *symbols = sample_symbols(sample.folder, NULL);
        snprintf(text, sizeof text, "400000-500000 r-xp 00000000 %02x:%02x %llu  %s/waiter%s\n",
                 major(status.st_dev), minor(status.st_dev), (unsigned long long)status.st_ino + 1,
                 sample.folder, i == 0 ? "" : " (deleted)");
        struct symbols_map *map = parse_map(symbols, text);
        struct symbols_place place;
        size_t count;
        symbols_map_resolve(map, 0x400100, &place);
        cr_expect_eq(place.count, 0);
        cr_expect_str_eq(place.frames[0].object, "waiter");
        struct symbols_object *const *objects = symbols_map_objects(map, &count);
        cr_assert_eq(count, 1);
        cr_expect_not_null(strstr(symbols_object_why(objects[0]), "was deleted or replaced"));
        symbols_map_free(map);
        symbols_free(symbols);
    }
    sample_close(&sample);
}

/* A process that sees another file by the same path: the one that it sees counts. */
Test(symbols_map, another_mount_namespace)
{
    struct sample sample;
    struct sleeper sleeper;
    struct error err = {0};
    uint64_t address;
    sample_open(&sample);
    cr_assert(file_make_directories(sample_path(&sample, "root/tmp"), &err));
    build_waiter(&sample, "waiter", &address);
    cr_assert_eq(rename(sample_path(&sample, "waiter"), sample_path(&sample, "root/waiter")), 0);
    if (!start(&sleeper, "/waiter", sample_path(&sample, "root"))) {
        sample_close(&sample);
        cr_skip("not allowed to change the root of a process");
    }
    struct symbols *symbols = sample_symbols(sample.folder, NULL);
    expect_waits(symbols, sleeper.pid, address);
    symbols_free(symbols);
    stop(&sleeper);
    sample_close(&sample);
}

/* Debug files are looked for by the build id where distributions put them, as the process sees
 * it. */
Test(symbols_map, debug_file_by_build_id)
{
    struct sample sample;
    struct sleeper sleeper;
    struct error err = {0};
    uint64_t address;
    char id[128] = "", path[2 * PATH_MAX];
    struct buffer out;
    sample_open(&sample);
    cr_assert(file_make_directories(sample_path(&sample, "root/tmp"), &err));
    build_waiter(&sample, "waiter", &address);
    const char *words[] = {"readelf", "-n", sample_path(&sample, "waiter"), NULL};
    buffer_init(&out, SAMPLE_OUTPUT_MAX);
    cr_assert(sample_run(sample.sources, words, NULL, &out));
    const char *found = strstr(buffer_text(&out), "Build ID: ");
    cr_assert(found != NULL && sscanf(found, "Build ID: %127s", id) == 1);
    buffer_release(&out);
    snprintf(path, sizeof path, "%s/root/usr/lib/debug/.build-id/%.2s", sample.folder, id);
    cr_assert(file_make_directories(path, &err), "%s", err.text);
    snprintf(path, sizeof path, "%s/root/usr/lib/debug/.build-id/%.2s/%s.debug", sample.folder, id,
             id + 2);
    cr_assert(sample_do(&sample, "objcopy", "--only-keep-debug", sample_path(&sample, "waiter"),
                        path, NULL));
    cr_assert(sample_do(&sample, "strip", sample_path(&sample, "waiter"), "-o",
                        sample_path(&sample, "root/waiter"), NULL));
    if (!start(&sleeper, "/waiter", sample_path(&sample, "root"))) {
        sample_close(&sample);
        cr_skip("not allowed to change the root of a process");
    }
    struct symbols *symbols = sample_symbols(sample.folder, NULL);
    expect_waits(symbols, sleeper.pid, address);
    symbols_free(symbols);
    stop(&sleeper);
    sample_close(&sample);
}

/* --- text ----------------------------------------------------------------------------------- */

Test(symbols_map, hostile_text)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "nonsense",
        "1-2",
        "2000-1000 r-xp 0 0:0 0 /bin/true\n",
        "1000-2000 r-xp\n",
        "1000-2000 x 0 0:0 0 /bin/true\n",
        "0-ffffffffffffffff r-xp ffffffffffffffff 0:0 0 /bin/true\n",
        "1000-2000 r-xp ffffffffffffffff ff:ff 99999999999999999999 /bin/true (deleted)\n",
        "1000-3000 r-xp 0 0:0 0 /bin/true\n2000-4000 r-xp 0 0:0 0 /bin/true\n",
        "1000-2000 r-xp 0 0:0 0 / (deleted)\n",
        "1000-2000 r-xp 0 0:0 0 /dev/zero\n",
        "1000-2000 r-xp 0 0:0 0 /a\\012b\n",
        "1000-2000 r-xp 0 0:0 0 [vdso]\n",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct symbols *symbols = sample_symbols("/nowhere", NULL);
        struct symbols_map *map = parse_map(symbols, texts[i]);
        for (uint64_t address = 0; address < 0x5000; address += 0x100) {
            struct symbols_place place;
            symbols_map_resolve(map, address, &place);
            cr_expect_leq(place.count, SYMBOLS_FRAMES_MAX);
        }
        symbols_map_free(map);
        symbols_free(symbols);
    }
}

Test(symbols_map, no_such_process)
{
    struct symbols_map *map;
    struct error err = {0};
    struct symbols *symbols = sample_symbols("/nowhere", NULL);
    cr_expect_not(symbols_map_read(&map, symbols, 0x3fffffff, &err));
    cr_expect_null(map);
    cr_expect_not_null(strstr(err.text, "/proc/1073741823/maps"));
    symbols_free(symbols);
}

/* --- code compiled at run time --------------------------------------------------------------- */

struct jit_case {
    uint64_t address;
    const char *function, *file; /* NULL = the address is nobody's */
    uint32_t line;
    bool own;
};

/* Lines as node 20 and CPython 3.12 write them. Later lines take the place of earlier ones. */
static const char jit_text[] = "1000 200 JS:~handle /tree/app.js:2:16\n"
                               "1200 100 JS:~ /tree/app.js:1:1\n"
                               "1400 100 JS:*handle file:///tree/app.mjs:12:7\n"
                               "1500 100 JS:~resolve node:path:1217:10\n"
                               "1600 100 LazyCompile:~get size /else/store.js:30:11\n"
                               "1700 100 py::work:/tree/pkg/work.py\n"
                               "0x1800 0x100 Builtin:ArrayMap\n"
                               "1080 10 JS:^route /tree/app.js:7:21\n"
                               "garbage\n"
                               "zz 10 name\n"
                               "1900\n"
                               "1900 100\n"
                               "1900 0 nothing\n"
                               "ffffffffffffff00 200 beyond the end\n"
                               "1a00 100 \xff\xfe not UTF-8\n"
                               "1b00 100 half";

Test(symbols_map, perf_map)
{
    static const struct jit_case cases[] = {
        {0x0fff, NULL, NULL, 0, false},
        {0x1000, "handle", "app.js", 2, true},
        {0x107f, "handle", "app.js", 2, true},
        {0x1080, "route", "app.js", 7, true},
        {0x108f, "route", "app.js", 7, true},
        {0x1090, "handle", "app.js", 2, true},
        {0x1210, "(anonymous)", "app.js", 1, true},
        {0x1300, NULL, NULL, 0, false},
        {0x1400, "handle", "app.mjs", 12, true},
        {0x1500, "resolve", "node:path", 1217, false},
        {0x1600, "get size", "/else/store.js", 30, false},
        {0x1700, "work", "pkg/work.py", 0, true},
        {0x1800, "Builtin:ArrayMap", NULL, 0, false},
        {0x1900, NULL, NULL, 0, false},
        {0x1b00, NULL, NULL, 0, false},
        {UINT64_MAX, NULL, NULL, 0, false},
    };
    struct symbols_jit *jit;
    struct symbols *symbols = sample_symbols("/tree", NULL);
    cr_assert(symbols_jit_parse(&jit, jit_text, strlen(jit_text)));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct symbols_place place;
        bool found = symbols_jit_find(jit, symbols, cases[i].address, &place);
        cr_assert_eq(found, cases[i].function != NULL, "%zu", i);
        if (!found)
            continue;
        const struct profile_frame *frame = &place.frames[0];
        cr_expect_eq(place.count, 1);
        cr_expect_str_eq(frame->function, cases[i].function);
        cr_expect_str_eq(frame->object, "[jit]");
        cr_expect_eq(frame->line, cases[i].line);
        cr_expect_eq(frame->own, cases[i].own);
        cr_expect(cases[i].file == NULL ? frame->file == NULL
                                        : strcmp(frame->file, cases[i].file) == 0);
    }
    struct symbols_place place;
    cr_assert(symbols_jit_find(jit, symbols, 0x1a00, &place));
    cr_expect(text_is_utf8(place.frames[0].function, strlen(place.frames[0].function)));
    symbols_jit_free(jit);
    symbols_free(symbols);
}

static void write_perf_map(const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* Code that belongs to no file, with a map for it and without. */
Test(symbols_map, perf_map_of_a_process)
{
    char path[64], text[128];
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(code, MAP_FAILED);
    struct symbols *symbols = sample_symbols("/nowhere", NULL);
    snprintf(text, sizeof text, "%llx 100 compiled\n", (unsigned long long)(uintptr_t)code);
    write_perf_map(text);
    struct symbols_map *map = read_map(symbols, getpid());
    struct symbols_place place = resolve(map, code);
    cr_expect_eq(place.count, 1);
    cr_expect_str_eq(place.frames[0].function, "compiled");
    place = resolve(map, (char *)code + 0x200);
    cr_expect_eq(place.count, 0);
    cr_expect_str_eq(place.frames[0].object, "[jit]");
    symbols_map_free(map);
    /* A link might lead anywhere. */
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("/dev/zero", path), 0);
    map = read_map(symbols, getpid());
    place = resolve(map, code);
    cr_expect_eq(place.count, 0);
    symbols_map_free(map);
    cr_assert_eq(unlink(path), 0);
    munmap(code, 4096);
    symbols_free(symbols);
}

/* --- the kernel ------------------------------------------------------------------------------- */

/* Lines of /proc/kallsyms whose address no other line has: the name is theirs. Unprivileged all
 * addresses are 0, and nothing is known but that it is the kernel. */
Test(symbols_map, kernel)
{
    FILE *file = fopen("/proc/kallsyms", "r");
    char line[512], name[256], before[256] = "";
    unsigned long long address, last = 0, found = 0;
    char type;
    struct symbols_place place;
    struct symbols *symbols = sample_symbols("/nowhere", NULL);
    struct symbols_map *map = parse_map(symbols, "");
    symbols_map_resolve(map, 0xffffffff00000001, &place);
    cr_expect_str_eq(place.frames[0].object, "[kernel]");
    size_t checked = 0;
    while (file != NULL && checked < 1000 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%llx %c %255s", &address, &type, name) != 3 ||
            strchr("tTwW", type) == NULL || address < last)
            continue;
        if (last > INT64_MAX && address > last && found == 1) {
            symbols_map_resolve(map, last, &place);
            cr_expect_eq(place.count, 1);
            cr_expect_str_eq(place.frames[0].object, "[kernel]");
            cr_expect_str_eq(place.frames[0].function, before);
            checked++;
        }
        found = address == last ? found + 1 : 1;
        last = address;
        snprintf(before, sizeof before, "%s", name);
    }
    if (file != NULL)
        fclose(file);
    symbols_map_free(map);
    symbols_free(symbols);
}
