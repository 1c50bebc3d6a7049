/* tollgate doctor: what this machine can measure, and how to enable the rest. */
#include "rig/command.h"

#include "base/file.h"
#include "baselines/decide.h"
#include "rig/bench.h"
#include "rig/doctor.h"
#include "rig/live_plan.h"
#include "rig/machine.h"
#include "rig/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_MAX_BYTES = 1 << 20, PASSES_MAX = 16, USUAL_ENDPOINTS = 20 };

#define NOISE_SECONDS 5.0

/* Everything that one examination holds; released in one place. */
struct examination {
    const struct arguments *arguments;
    struct arena arena;
    struct config config;
    bool has_config;
    struct interrupt interrupt;
    struct fingerprint machine;
    struct noise noise;
    struct doctor_pass passes[PASSES_MAX];
    struct doctor doctor;
    struct report_style style;
};

/* Without a config, a run is what the defaults make of it. */
static bool read_config(struct examination *self, struct error *err)
{
    const char *path = arguments_value(self->arguments, "config");
    if (path == NULL && !file_exists("tollgate.json")) {
        config_set_default_passes(&self->config);
        gate_init(&self->config.gate);
        self->config.work_path = ".tollgate/work";
        return true;
    }
    self->has_config = config_read(&self->config, path != NULL ? path : "tollgate.json", err);
    return self->has_config;
}

/* What a run of this config asks, at the last of its looks. */
static bool find_question(struct examination *self, struct noise_question *question,
                          struct error *err)
{
    const struct gate *gate = &self->config.gate;
    struct sequential_plan plan;
    size_t looks[LIVE_LOOKS_MAX];
    size_t endpoints = self->config.endpoints.count;
    size_t count = live_plan_looks((size_t)self->config.live.replicates, looks);
    if (endpoints == 0)
        endpoints = USUAL_ENDPOINTS;
    if (!decide_plan(&plan, gate, endpoints, looks, count, err))
        return false;
    *question = (struct noise_question){
        .replicates = looks[count - 1],
        .endpoints = endpoints,
        .alpha = plan.alpha[count - 1],
        .margin = decide_find_margin(
            &(struct cpu_evidence){.base_ns = NAN, .limits = gate->defaults[METRIC_CPU_NS]}),
    };
    return true;
}

static bool measure_noise(struct examination *self, int cpu, struct error *err)
{
    struct progress progress;
    struct noise_options options = {.cpu = cpu,
                                    .pairs = self->config.live.rounds,
                                    .seconds = NOISE_SECONDS,
                                    .interrupt = &self->interrupt,
                                    .progress = &progress};
    struct doctor *doctor = &self->doctor;
    if (!find_question(self, &doctor->question, err))
        return false;
    progress_init(&progress, PROGRESS_AUTO);
    progress_begin(&progress, "measuring the noise");
    bool ok = noise_measure(&self->noise, &options, err);
    if (!ok)
        progress_clear(&progress);
    else
        progress_end(&progress, NULL);
    doctor->noise = &self->noise;
    doctor->smallest_change = ok ? noise_find_smallest(&self->noise, &doctor->question) : NAN;
    return ok;
}

static bool probe_all(struct examination *self, int cpu, struct error *err)
{
    struct finding *findings = arena_alloc_array(&self->arena, probe_count(), sizeof *findings);
    struct probe_context context = {.arena = &self->arena,
                                    .machine = &self->machine,
                                    .interrupt = &self->interrupt,
                                    .work_path = self->config.work_path,
                                    .cpu = cpu,
                                    .noise = self->doctor.noise};
    if (findings == NULL)
        return error_set_memory(err);
    probe_run_all(&context, findings);
    self->doctor.findings = findings;
    /* A tool that was stopped half-way looks like one that is missing. */
    return interrupt_check(&self->interrupt, err);
}

/* A pass that no metric comes from explains: without it there is less to read, not to judge. */
static bool decides(const struct pass *pass)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++)
        if (strcmp(metric_info((enum metric)m)->pass, pass->name) == 0)
            return true;
    return false;
}

static void judge_passes(struct examination *self)
{
    struct doctor *doctor = &self->doctor;
    doctor->exit_code = EXIT_PASSED;
    for (size_t i = 0; pass_list()[i] != NULL && i < PASSES_MAX; i++) {
        const struct pass *pass = pass_list()[i];
        self->passes[i] = (struct doctor_pass){
            .name = pass->name,
            .wanted = pass->settings(&self->config)->enabled,
            .obstacle = probe_find_obstacle(doctor->findings, pass->name),
        };
        if (self->passes[i].wanted && self->passes[i].obstacle != NULL && decides(pass))
            doctor->exit_code = EXIT_ENVIRONMENT;
        doctor->pass_count = i + 1;
    }
    doctor->passes = self->passes;
}

static bool print(struct examination *self, struct error *err)
{
    struct buffer text;
    bool ok = true;
    buffer_init(&text, PAGE_MAX_BYTES);
    if (arguments_flag(self->arguments, "json"))
        ok = doctor_append_json(&text, &self->doctor, err);
    else
        doctor_append_text(&text, &self->doctor, &self->style);
    ok = ok && buffer_check(&text, err);
    if (ok && fwrite(buffer_text(&text), 1, text.length, stdout) != text.length)
        ok = error_set_errno(err, "cannot write to standard output");
    buffer_release(&text);
    return ok;
}

static bool examine(struct examination *self, struct error *err)
{
    int cpu = machine_choose_cpu();
    struct terminal terminal;
    if (!output_parse_style(&self->style, &terminal, self->arguments, err) ||
        !read_config(self, err) || !interrupt_open(&self->interrupt, err))
        return false;
    machine_fingerprint(&self->machine, &self->arena);
    self->doctor.machine = &self->machine;
    self->doctor.smallest_change = NAN;
    if (!arguments_flag(self->arguments, "quick") && !measure_noise(self, cpu, err))
        return false;
    if (!probe_all(self, cpu, err))
        return false;
    judge_passes(self);
    return print(self, err);
}

static enum exit_code run(const struct arguments *arguments, struct error *err)
{
    struct examination self = {.arguments = arguments, .interrupt = {.fd = -1}};
    arena_init(&self.arena);
    bool ok = examine(&self, err);
    enum exit_code code = ok ? (enum exit_code)self.doctor.exit_code : exit_code_of(err);
    if (self.has_config)
        config_release(&self.config);
    interrupt_close(&self.interrupt);
    arena_release(&self.arena);
    return code;
}

static const struct option_row options[] = {
    {"config", 'c', "FILE", "whose passes and work folder; default: tollgate.json, if there"},
    {"quick", 0, NULL, "do not measure the noise, which takes five seconds"},
    {"json", 0, NULL, "print JSON"},
    {"color", 0, "WHEN", "auto, always or never"},
    {0},
};

static const char *const examples[] = {
    "what works here, how noisy it is, and what mends the rest",
    "tollgate doctor",
    "fail a CI job early where a pass cannot run",
    "tollgate doctor --quick",
    NULL,
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "what this machine can measure, and how to enable the rest",
    .words = "",
    .options = options,
    .examples = examples,
    .details = "Tries everything that the passes need and measures the noise with a load of its\n"
               "own. Each shortcoming comes with what it costs to live without and the command\n"
               "that mends it. Exits 0 when every pass that a verdict rests on can run, 4 when\n"
               "one cannot.",
    .run = run,
};
