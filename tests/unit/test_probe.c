/* The parsers of /proc and /sys on texts as real machines have them, and the probes on this one. */
#include "rig/doctor.h"

#include "rig/machine.h"
#include "rig/machine_text.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is(struct text_span span, const char *text)
{
    if (text == NULL || span.start == NULL)
        return text == NULL && span.start == NULL;
    return span.size == strlen(text) && memcmp(span.start, text, span.size) == 0;
}

/* ---- /proc/cpuinfo ---- */

static const char x86[] = "processor\t: 0\n"
                          "model\t\t: 106\n"
                          "model name\t: Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz\n"
                          "flags\t\t: fpu vme sse4_2 avx avx2 erms \n"
                          "vmx flags\t: vnmi ept\n"
                          "\n"
                          "processor\t: 1\n"
                          "model name\t: another\n";

static const char arm[] = "processor\t: 0\n"
                          "BogoMIPS\t: 50.00\n"
                          "Features\t: fp asimd evtstrm aes atomics\n";

Test(cpuinfo, reads_the_first_processor, .timeout = 60)
{
    cr_assert(is(machine_text_cpuinfo(x86, "model name"),
                 "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"));
    cr_assert(is(machine_text_cpuinfo(x86, "model"), "106"));
    cr_assert(is(machine_text_cpuinfo(x86, "flags"), "fpu vme sse4_2 avx avx2 erms"));
    cr_assert(is(machine_text_cpuinfo(x86, "Features"), NULL));
    cr_assert(is(machine_text_cpuinfo(arm, "Features"), "fp asimd evtstrm aes atomics"));
    cr_assert(is(machine_text_cpuinfo(arm, "model name"), NULL));
    cr_assert(is(machine_text_cpuinfo("", "flags"), NULL));
    cr_assert(is(machine_text_cpuinfo("flags", "flags"), NULL));
    cr_assert(is(machine_text_cpuinfo("flags\t: last line", "flags"), "last line"));
}

Test(cpuinfo, a_flag_is_a_whole_word, .timeout = 60)
{
    struct text_span flags = machine_text_cpuinfo(x86, "flags");
    cr_assert(machine_text_has_word(flags, "avx"));
    cr_assert(machine_text_has_word(flags, "erms"));
    cr_assert(machine_text_has_word(flags, "fpu"));
    cr_assert_not(machine_text_has_word(flags, "avx512f"));
    cr_assert_not(machine_text_has_word(flags, "sse4"));
    cr_assert_not(machine_text_has_word((struct text_span){0}, "fpu"));
}

/* ---- one line of /sys ---- */

Test(sysfs, reads_a_governor, .timeout = 60)
{
    cr_assert(is(machine_text_first_line("performance\n"), "performance"));
    cr_assert(is(machine_text_first_line("schedutil"), "schedutil"));
    cr_assert(is(machine_text_first_line("1\n"), "1"));
    cr_assert(is(machine_text_first_line("\n"), NULL));
    cr_assert(is(machine_text_first_line(""), NULL));
}

struct cpu_list {
    char text[32];
    size_t count;
};

static struct cpu_list cpu_lists[] = {
    {"0\n", 1},   {"0-1\n", 2}, {"0,4\n", 2}, {"0-3,8-11\n", 8}, {"2,66", 2},
    {"127\n", 1}, {"", 0},      {"\n", 0},    {"3-1\n", 0},      {"0-\n", 0},
    {"0,\n", 0},  {"all\n", 0}, {"0 1\n", 0}, {"-1\n", 0},       {"0-99999999999\n", 0},
};

ParameterizedTestParameters(sysfs, counts_siblings)
{
    return cr_make_param_array(struct cpu_list, cpu_lists, COUNT_OF(cpu_lists));
}

ParameterizedTest(struct cpu_list *each, sysfs, counts_siblings, .timeout = 60)
{
    cr_assert_eq(machine_text_count_cpus(each->text), each->count, "\"%s\"", each->text);
}

/* ---- control groups ---- */

static const char hybrid[] = "12:cpu,cpuacct:/docker/4f5e\n"
                             "3:cpuset:/other\n"
                             "1:name=systemd:/user.slice\n"
                             "0::/system.slice/x.service\n";

Test(cgroup, finds_the_group_of_a_controller, .timeout = 60)
{
    cr_assert(is(machine_text_cgroup(hybrid, "cpu"), "/docker/4f5e"));
    cr_assert(is(machine_text_cgroup(hybrid, "cpuacct"), "/docker/4f5e"));
    cr_assert(is(machine_text_cgroup(hybrid, "cpuset"), "/other"));
    cr_assert(is(machine_text_cgroup(hybrid, "memory"), NULL));
    cr_assert(is(machine_text_cgroup(hybrid, NULL), "/system.slice/x.service"));
    cr_assert(is(machine_text_cgroup("0::/\n", NULL), "/"));
    cr_assert(is(machine_text_cgroup("0::/\n", "cpu"), NULL));
    cr_assert(is(machine_text_cgroup("4:cpu:/\n", NULL), NULL));
    cr_assert(is(machine_text_cgroup("nonsense\n", NULL), NULL));
    cr_assert(is(machine_text_cgroup("", NULL), NULL));
}

Test(cgroup, reads_the_quota, .timeout = 60)
{
    cr_assert(isinf(machine_text_quota("max 100000\n")));
    cr_assert_eq(machine_text_quota("150000 100000\n"), 1.5);
    cr_assert_eq(machine_text_quota("50000 100000\n"), 0.5);
    cr_assert(isnan(machine_text_quota("150000\n")));
    cr_assert(isnan(machine_text_quota("150000 0\n")));
    cr_assert(isnan(machine_text_quota("")));
    cr_assert(isinf(machine_text_quota_v1("-1\n", "100000\n")));
    cr_assert_eq(machine_text_quota_v1("200000\n", "100000\n"), 2);
    cr_assert(isnan(machine_text_quota_v1("x\n", "100000\n")));
    cr_assert(isnan(machine_text_quota_v1("200000\n", "")));
}

/* ---- the table ---- */

Test(probe, every_shortcoming_has_its_cost, .timeout = 60)
{
    struct run run;
    struct error err = {0};
    run_init(&run);
    cr_assert(probe_describe_run(&run, "/tmp", NULL, &err), "%s", err.text);
    struct finding *findings = arena_alloc_array(&run.arena, probe_count(), sizeof *findings);
    struct probe_context context = {.arena = &run.arena,
                                    .machine = &run.fingerprint,
                                    .work_path = "/nonexistent/work",
                                    .cpu = machine_choose_cpu()};
    probe_run_all(&context, findings);
    size_t capabilities = 0;
    for (size_t i = 0; i < probe_count(); i++) {
        const struct probe *probe = findings[i].probe;
        if (findings[i].verdict == PROBE_UNASKED)
            continue;
        cr_assert_not_null(findings[i].detail, "%s", probe->name);
        if (findings[i].verdict >= PROBE_WEAK)
            cr_assert(probe->without != NULL && findings[i].mend != NULL, "%s", probe->name);
        if (findings[i].verdict == PROBE_MISSING)
            cr_assert_not_null(probe->needed_by, "%s", probe->name);
        capabilities += probe->capability;
    }
    cr_assert_eq(run.capability_count, capabilities);
    run_release(&run);
}

/* Without a version in the fingerprint valgrind is not there, and only the exact pass needs it. */
Test(probe, what_is_missing_stops_its_pass_alone, .timeout = 60)
{
    struct arena arena;
    struct fingerprint machine = {.cpus = 2, .virtualization = "none"};
    arena_init(&arena);
    struct finding *findings = arena_alloc_array(&arena, probe_count(), sizeof *findings);
    struct probe_context context = {
        .arena = &arena, .machine = &machine, .work_path = "/tmp", .cpu = 0};
    probe_run_all(&context, findings);
    for (size_t i = 0; i < probe_count(); i++)
        if (strcmp(findings[i].probe->name, "valgrind") != 0 &&
            findings[i].verdict == PROBE_MISSING)
            findings[i].verdict = PROBE_WEAK;
    const struct finding *obstacle = probe_find_obstacle(findings, "exact");
    cr_assert_not_null(obstacle);
    cr_assert_str_eq(obstacle->probe->name, "valgrind");
    cr_assert_not_null(strstr(obstacle->mend, "valgrind"));
    cr_assert_null(probe_find_obstacle(findings, "live"));
    cr_assert_null(probe_find_obstacle(findings, "alloc"));
    for (size_t i = 0; i < probe_count(); i++)
        if (strcmp(findings[i].probe->name, "work folder") == 0)
            findings[i].verdict = PROBE_MISSING;
    cr_assert_not_null(probe_find_obstacle(findings, "live"));
    cr_assert_not_null(probe_find_obstacle(findings, "alloc"));
    arena_release(&arena);
}

/* ---- the noise ---- */

Test(noise, pairs_are_measured_and_no_child_is_left, .timeout = 60)
{
    struct noise noise;
    struct error err = {0};
    struct noise_options options = {.cpu = machine_choose_cpu(), .pairs = 4, .seconds = 0.5};
    cr_assert(noise_measure(&noise, &options, &err), "%s", err.text);
    cr_assert_gt(noise.replicates, 0);
    cr_assert_gt(noise.unit_ns, 0);
    cr_assert_geq(noise.stolen_share, 0);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_assert_eq(errno, ECHILD);
}

Test(noise, stops_when_asked, .timeout = 60)
{
    int pipe_ends[2];
    struct noise noise;
    struct error err = {0};
    cr_assert_eq(pipe(pipe_ends), 0);
    cr_assert_eq(write(pipe_ends[1], "", 1), 1);
    struct interrupt interrupt = {.fd = pipe_ends[0]};
    struct noise_options options = {
        .cpu = machine_choose_cpu(), .pairs = 40, .seconds = 3600, .interrupt = &interrupt};
    cr_assert_not(noise_measure(&noise, &options, &err));
    cr_assert_eq(err.code, ERROR_INTERRUPTED);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_assert_eq(errno, ECHILD);
}

/* From the table in baselines/power.h: at 0.0005 an endpoint and 90 % power, 20 replicates need an
 * excess of 1.23 standard deviations. */
Test(noise, smallest_slowdown, .timeout = 60)
{
    struct noise noise = {.sd = 0.01};
    struct noise_question question = {
        .replicates = 20, .endpoints = 20, .alpha = 0.01, .margin = 0.02};
    double expected = 1.02 * exp(0.0123) - 1;
    cr_assert_float_eq(noise_find_smallest(&noise, &question), expected, 0.0003);
    question.replicates = 5;
    cr_assert(isinf(noise_find_smallest(&noise, &question)));
    noise.sd = NAN;
    cr_assert(isnan(noise_find_smallest(&noise, &question)));
}

/* ---- the page ---- */

static void fill_doctor(struct doctor *doctor, struct arena *arena, struct finding *findings,
                        const struct fingerprint *machine)
{
    static const struct noise noise = {
        .cpu = 1, .replicates = 100, .sd = 0.034, .mean = 0.001, .unit_ns = 123456, .seconds = 5};
    static struct doctor_pass passes[2];
    struct probe_context context = {.arena = arena,
                                    .machine = machine,
                                    .work_path = "/nonexistent/work",
                                    .cpu = 0,
                                    .noise = &noise};
    probe_run_all(&context, findings);
    passes[0] = (struct doctor_pass){"live", true, NULL};
    passes[1] = (struct doctor_pass){"exact", true, probe_find_obstacle(findings, "exact")};
    *doctor = (struct doctor){.machine = machine,
                              .findings = findings,
                              .passes = passes,
                              .pass_count = 2,
                              .noise = &noise,
                              .question = {20, 18, 0.01, 0.02},
                              .smallest_change = 0.07,
                              .exit_code = 4};
}

static size_t widest(const char *text)
{
    size_t most = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        most = size > most ? size : most;
        text += size + (text[size] == '\n');
    }
    return most;
}

Test(doctor, page_fits_its_columns_and_says_everything, .timeout = 60)
{
    static const int widths[] = {40, 80, 200};
    struct arena arena;
    struct doctor doctor;
    struct fingerprint machine = {.cpus = 1, .cpu_model = "Some \033[31mCPU"};
    arena_init(&arena);
    struct finding *findings = arena_alloc_array(&arena, probe_count(), sizeof *findings);
    fill_doctor(&doctor, &arena, findings, &machine);
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        struct buffer text;
        struct report_style style = {.columns = widths[i]};
        buffer_init(&text, 1 << 20);
        doctor_append_text(&text, &doctor, &style);
        cr_assert_leq(widest(buffer_text(&text)), (size_t)widths[i], "%s", buffer_text(&text));
        cr_assert_null(strchr(buffer_text(&text), '\033'));
        cr_assert_not_null(strstr(buffer_text(&text), "missing valgrind"));
        cr_assert_not_null(strstr(buffer_text(&text), "weak    noise"));
        cr_assert_not_null(strstr(buffer_text(&text), "7.0 %"));
        buffer_release(&text);
    }
    arena_release(&arena);
}

Test(doctor, json_has_every_probe, .timeout = 60)
{
    struct arena arena;
    struct doctor doctor;
    struct buffer text;
    struct error err = {0};
    struct fingerprint machine = {.cpus = 1, .cpu_model = "not UTF-8: \xff"};
    arena_init(&arena);
    buffer_init(&text, 1 << 20);
    struct finding *findings = arena_alloc_array(&arena, probe_count(), sizeof *findings);
    fill_doctor(&doctor, &arena, findings, &machine);
    cr_assert(doctor_append_json(&text, &doctor, &err), "%s", err.text);
    json_t *root = json_loads(buffer_text(&text), 0, NULL);
    cr_assert_not_null(root);
    cr_assert_eq(json_array_size(json_object_get(root, "probes")), probe_count());
    cr_assert_eq(json_integer_value(json_object_get(root, "exit_code")), 4);
    json_t *exact = json_array_get(json_object_get(root, "passes"), 1);
    cr_assert(json_is_false(json_object_get(exact, "can_run")));
    cr_assert_not(json_is_null(json_object_get(exact, "obstacle")));
    cr_assert_float_eq(
        json_real_value(json_object_get(json_object_get(root, "noise"), "log_ratio_sd")), 0.034,
        1e-9);
    json_decref(root);
    buffer_release(&text);
    arena_release(&arena);
}
