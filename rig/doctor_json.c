#include "rig/doctor.h"

#include "base/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1, TEXT_MAX_BYTES = 65536 };

/* What tools print need not be UTF-8. */
static json_t *make_text(const char *text)
{
    struct buffer safe;
    if (text == NULL)
        return json_null();
    buffer_init(&safe, TEXT_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), true);
    json_t *value = safe.failed ? NULL : json_string(buffer_text(&safe));
    buffer_release(&safe);
    return value;
}

static json_t *make_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *make_probe(const struct finding *finding)
{
    bool falls_short = finding->verdict >= PROBE_WEAK;
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "group", finding->probe->group, "name",
                     finding->probe->name, "verdict", probe_verdict_word(finding->verdict),
                     "detail", make_text(finding->detail), "cost",
                     falls_short ? make_text(finding->probe->without) : json_null(), "mend",
                     make_text(finding->mend));
}

static json_t *make_pass(const struct doctor_pass *pass)
{
    return json_pack("{s:s, s:b, s:b, s:o}", "name", pass->name, "wanted", pass->wanted, "can_run",
                     pass->obstacle == NULL, "obstacle",
                     make_text(pass->obstacle != NULL ? pass->obstacle->probe->name : NULL));
}

static json_t *make_noise(const struct doctor *doctor)
{
    const struct noise *noise = doctor->noise;
    if (noise == NULL)
        return json_null();
    return json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:f, s:f, s:o}}", "replicates",
        (json_int_t)noise->replicates, "log_ratio_sd", make_number(noise->sd), "log_ratio_mean",
        make_number(noise->mean), "request_cpu_ns", make_number(noise->unit_ns), "stolen_share",
        make_number(noise->stolen_share), "seconds", make_number(noise->seconds), "run",
        "replicates", (json_int_t)doctor->question.replicates, "endpoints",
        (json_int_t)doctor->question.endpoints, "alpha", doctor->question.alpha, "margin",
        doctor->question.margin, "smallest_change", make_number(doctor->smallest_change));
}

static json_t *make_fingerprint(const struct fingerprint *machine)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "cpu_model",
                     make_text(machine->cpu_model), "cpu_flags", make_text(machine->cpu_flags),
                     "virtualization", make_text(machine->virtualization), "cpus",
                     (json_int_t)machine->cpus, "kernel", make_text(machine->kernel), "libc",
                     make_text(machine->libc), "compiler", make_text(machine->compiler), "valgrind",
                     make_text(machine->valgrind));
}

/* jansson frees what is appended even when it fails, and refuses NULL. */
static json_t *make_document(const struct doctor *doctor)
{
    json_t *probes = json_array(), *passes = json_array();
    bool ok = true;
    for (size_t i = 0; i < probe_count(); i++)
        if (doctor->findings[i].verdict != PROBE_UNASKED)
            ok = json_array_append_new(probes, make_probe(&doctor->findings[i])) == 0 && ok;
    for (size_t i = 0; i < doctor->pass_count; i++)
        ok = json_array_append_new(passes, make_pass(&doctor->passes[i])) == 0 && ok;
    json_t *root =
        json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "schema_version", SCHEMA_VERSION, "exit_code",
                  doctor->exit_code, "fingerprint", make_fingerprint(doctor->machine), "probes",
                  probes, "passes", passes, "noise", make_noise(doctor));
    if (ok)
        return root;
    json_decref(root);
    return NULL;
}

bool doctor_append_json(struct buffer *out, const struct doctor *doctor, struct error *err)
{
    json_t *root = make_document(doctor);
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(root);
    if (text == NULL)
        return error_set_memory(err);
    buffer_append_string(out, text);
    buffer_append_char(out, '\n');
    free(text);
    return buffer_check(out, err);
}
