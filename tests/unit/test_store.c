#include "baselines/store.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tollgate-store-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    struct error err = {0};
    chmod(folder, 0700);
    cr_assert(file_remove_tree(folder, &err), "%s", err.text);
}

TestSuite(store, .init = make_folder, .fini = remove_folder, .timeout = 60);

static void touch(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void make_run(struct run *run)
{
    static double one[] = {0.01, 0.02};
    static const size_t looks[] = {1, 2};
    run_init(run);
    run->endpoints = arena_alloc_array(&run->arena, 1, sizeof *run->endpoints);
    run->passes = arena_alloc_array(&run->arena, 1, sizeof *run->passes);
    run->endpoint_count = 1;
    run->pass_count = 1;
    run->passes[0] =
        (struct pass_result){.name = "live", .conservation = {{1, 1, 2, 0}, {3, 3, 6, 0}}};
    run->endpoints[0] =
        (struct endpoint_result){.name = "GET /", .requests = 1, .weight = 1, .user_share = NAN};
    struct figure *cpu = &run->endpoints[0].figures[METRIC_CPU_NS];
    cpu->side[SIDE_HEAD] = cpu->side[SIDE_BASE] = (struct samples){one, 2};
    cpu->log_ratio = cpu->aa_log_ratio = (struct samples){one, 2};
    run->sides[SIDE_HEAD].present = run->sides[SIDE_BASE].present = true;
    run->sides[SIDE_HEAD].ref = "HEAD";
    run->cpu_looks = looks;
    run->cpu_look_count = 2;
}

Test(store, keeps_the_head_only)
{
    struct run run, loaded;
    struct error err = {0};
    bool found = false;
    char deeper[128];
    snprintf(deeper, sizeof deeper, "%s/a/b", folder);
    make_run(&run);
    cr_assert(store_save(deeper, "main", &run, &err), "%s", err.text);
    cr_assert(store_load(deeper, "main", &loaded, &found, &err), "%s: %s", err.where, err.text);
    cr_assert(found);
    const struct figure *cpu = &loaded.endpoints[0].figures[METRIC_CPU_NS];
    cr_assert_eq(cpu->side[SIDE_HEAD].count, 2);
    cr_assert_eq(cpu->side[SIDE_HEAD].values[1], 0.02);
    cr_assert_eq(cpu->side[SIDE_BASE].count, 0);
    cr_assert_eq(cpu->log_ratio.count, 0);
    cr_assert_eq(cpu->aa_log_ratio.count, 0);
    cr_assert_eq(loaded.passes[0].conservation[SIDE_HEAD].total, 2);
    cr_assert_eq(loaded.passes[0].conservation[SIDE_BASE].total, 0);
    cr_assert_eq(loaded.cpu_look_count, 0);
    cr_assert(loaded.sides[SIDE_HEAD].present);
    cr_assert_not(loaded.sides[SIDE_BASE].present);
    /* What was saved is not touched. */
    cr_assert_eq(run.endpoints[0].figures[METRIC_CPU_NS].log_ratio.count, 2);
    run_release(&loaded);
    run_release(&run);
}

Test(store, what_is_not_there_is_no_error)
{
    struct run run;
    struct error err = {0};
    bool found = true;
    cr_assert(store_load(folder, "main", &run, &found, &err));
    cr_assert_not(found);
    cr_assert(store_load("/nonexistent/folder", "main", &run, &found, &err));
    cr_assert_not(found);
}

Test(store, what_is_no_file_is_an_error)
{
    struct run run;
    struct error err = {0};
    bool found;
    char path[128];
    snprintf(path, sizeof path, "%s/main.json", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_not(store_load(folder, "main", &run, &found, &err));
    cr_assert_eq(err.code, ERROR_IO);
}

Test(store, damaged_baseline_is_an_error)
{
    struct run run;
    struct error err = {0};
    bool found = false;
    touch("main.json");
    cr_assert_not(store_load(folder, "main", &run, &found, &err));
    cr_assert(found);
    cr_assert_eq(err.code, ERROR_INPUT);
}

Test(store, lists_in_order_and_ignores_the_rest)
{
    static const char *const there[] = {"main.json", "a.json",         "v1.2.json",
                                        "README.md", ".x.json",        "sp ace.json",
                                        ".json",     "main.json.Qx12", "b.json"};
    static const char *const wanted[] = {"a", "b", "main", "v1.2"};
    struct arena arena;
    struct error err = {0};
    const char **names;
    size_t count;
    char path[128];
    for (size_t i = 0; i < COUNT_OF(there); i++)
        touch(there[i]);
    snprintf(path, sizeof path, "%s/dir.json", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    arena_init(&arena);
    cr_assert(store_list(folder, &arena, &names, &count, &err));
    cr_assert_eq(count, COUNT_OF(wanted));
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(names[i], wanted[i]);
    cr_assert(store_list("/nonexistent/folder", &arena, &names, &count, &err));
    cr_assert_eq(count, 0);
    arena_release(&arena);
}

Test(store, a_folder_that_cannot_be_written)
{
    struct run run;
    struct error err = {0};
    struct arena arena;
    const char **names;
    size_t count;
    char blocked[160];
    make_run(&run);
    cr_assert(store_save(folder, "kept", &run, &err));
    /* root may write anywhere, so a file in the way stands for a folder that refuses. */
    touch("file");
    snprintf(blocked, sizeof blocked, "%s/file/baselines", folder);
    cr_assert_not(store_save(blocked, "main", &run, &err));
    cr_assert_eq(err.code, ERROR_IO);
    error_clear(&err);
    if (geteuid() != 0) {
        cr_assert_eq(chmod(folder, 0500), 0);
        cr_assert_not(store_save(folder, "main", &run, &err));
        cr_assert_eq(err.code, ERROR_IO);
        error_clear(&err);
    }
    arena_init(&arena);
    cr_assert(store_list(folder, &arena, &names, &count, &err));
    cr_assert_eq(count, 1);
    arena_release(&arena);
    run_release(&run);
}

struct name_case {
    char name[128];
    bool allowed;
};

ParameterizedTestParameters(store_name, checked)
{
    static struct name_case cases[] = {
        {"main", true},
        {"v1.2-rc_3", true},
        {"a", true},
        {"", false},
        {".", false},
        {"..", false},
        {".hidden", false},
        {"../x", false},
        {"a/b", false},
        {"/etc/x", false},
        {"a b", false},
        {"a\n", false},
        {"\xc3\xa9", false},
        {"a\\b", false},
        {"-x", true},
        {"a..b", true},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxx"
         "xxxxxxxx",
         true},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxx"
         "xxxxxxxxx",
         false},
    };
    return cr_make_param_array(struct name_case, cases, COUNT_OF(cases));
}

ParameterizedTest(struct name_case *each, store_name, checked, .timeout = 60)
{
    struct error err = {0};
    struct run run;
    bool found;
    cr_assert_eq(store_check_name(each->name, &err), each->allowed, "\"%s\"", each->name);
    if (each->allowed)
        return;
    cr_assert_eq(err.code, ERROR_USAGE);
    error_clear(&err);
    cr_assert_not(store_load("/tmp", each->name, &run, &found, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
    run_init(&run);
    error_clear(&err);
    cr_assert_not(store_save("/nonexistent", each->name, &run, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
}
