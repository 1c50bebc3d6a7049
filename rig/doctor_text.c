#include "rig/doctor.h"

#include "base/terminal.h"
#include "reporters/format.h"
#include "reporters/layout.h"

#include <math.h>
#include <string.h>

enum {
    WORD_COLUMNS = 8, /* "missing" and a space */
    NAME_COLUMNS = 21,
    MARGIN = 2,
    LINE_MAX_BYTES = 65536,
};

static struct text_style verdict_style(enum probe_verdict verdict)
{
    switch (verdict) {
    case PROBE_OK:
        return (struct text_style){.hue = HUE_GREEN};
    case PROBE_WEAK:
        return (struct text_style){.hue = HUE_YELLOW};
    case PROBE_MISSING:
        return (struct text_style){.hue = HUE_RED, .bold = true};
    case PROBE_INFO:
    case PROBE_UNASKED:
        break;
    }
    return (struct text_style){.dim = true};
}

static bool is_narrow(const struct report_style *style)
{
    return style->columns < LAYOUT_NARROW_COLUMNS;
}

static size_t columns_of(const struct report_style *style)
{
    return (size_t)style->columns;
}

static void append_heading(struct buffer *out, const struct report_style *style, const char *text)
{
    terminal_append_styled(out, style->color, (struct text_style){.bold = true}, text);
    buffer_append_char(out, '\n');
}

/* "  weak    hardware counters    none"; narrow, the detail follows its name after a colon. */
static void append_row(struct buffer *out, const struct report_style *style,
                       enum probe_verdict verdict, const char *name, const char *detail)
{
    struct buffer text;
    const char *word = probe_verdict_word(verdict);
    size_t at = MARGIN + WORD_COLUMNS;
    buffer_init(&text, LINE_MAX_BYTES);
    buffer_append_repeat(out, ' ', MARGIN);
    terminal_append_styled(out, style->color, verdict_style(verdict), word);
    layout_pad(out, strlen(word), WORD_COLUMNS);
    if (is_narrow(style)) {
        buffer_append_format(&text, "%s: ", name);
    } else {
        buffer_append_string(out, name);
        layout_pad(out, strlen(name), NAME_COLUMNS);
        at += NAME_COLUMNS;
    }
    layout_append_safe(&text, detail, style->utf8, false);
    layout_append_wrapped(
        out, buffer_text(&text),
        (struct layout_paragraph){columns_of(style), at, is_narrow(style) ? 2 * MARGIN : at});
    buffer_release(&text);
}

static void append_remark(struct buffer *out, const struct report_style *style, const char *label,
                          const char *remark)
{
    struct buffer text;
    size_t indent = is_narrow(style) ? 2 * MARGIN : MARGIN + WORD_COLUMNS;
    buffer_init(&text, LINE_MAX_BYTES);
    buffer_append_format(&text, "%s: ", label);
    layout_append_safe(&text, remark, style->utf8, false);
    layout_append_wrapped(out, buffer_text(&text),
                          (struct layout_paragraph){columns_of(style), 0, indent});
    buffer_release(&text);
}

static void append_finding(struct buffer *out, const struct report_style *style,
                           const struct finding *finding)
{
    append_row(out, style, finding->verdict, finding->probe->name, finding->detail);
    if (finding->verdict < PROBE_WEAK)
        return;
    if (finding->probe->without != NULL)
        append_remark(out, style, "cost", finding->probe->without);
    if (finding->mend != NULL)
        append_remark(out, style, "mend", finding->mend);
}

static void append_passes(struct buffer *out, const struct doctor *doctor,
                          const struct report_style *style)
{
    append_heading(out, style, "passes");
    for (size_t i = 0; i < doctor->pass_count; i++) {
        const struct doctor_pass *pass = &doctor->passes[i];
        struct buffer text;
        enum probe_verdict verdict = PROBE_OK;
        buffer_init(&text, LINE_MAX_BYTES);
        buffer_append_string(&text, "can run");
        if (pass->obstacle != NULL) {
            verdict = pass->wanted ? PROBE_MISSING : PROBE_INFO;
            buffer_clear(&text);
            buffer_append_format(&text, "cannot run: %s: %s", pass->obstacle->probe->name,
                                 pass->obstacle->detail);
        }
        if (!pass->wanted)
            buffer_append_string(&text, " (switched off in the config)");
        append_row(out, style, verdict, pass->name, buffer_text(&text));
        buffer_release(&text);
    }
}

static void append_sight(struct buffer *out, const struct doctor *doctor,
                         const struct report_style *style)
{
    struct buffer text;
    char share[FORMAT_SIZE];
    if (doctor->noise == NULL || isnan(doctor->smallest_change))
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    buffer_append_format(&text, "A run of %zu replicates and %zu endpoints, ",
                         doctor->question.replicates, doctor->question.endpoints);
    if (isfinite(doctor->smallest_change)) {
        format_share(doctor->smallest_change, style->utf8, share);
        buffer_append_format(&text,
                             "with noise as here, catches CPU slowdowns of %s or more at "
                             "best, nine times in ten. A gateway is noisier than the "
                             "built-in load, often by two or three times: each run says "
                             "what it would have caught itself.",
                             share);
    } else {
        buffer_append_string(&text, "catches no slowdown, however large: those are too few "
                                    "replicates for so many endpoints.");
    }
    buffer_append_char(out, '\n');
    layout_append_wrapped(out, buffer_text(&text),
                          (struct layout_paragraph){columns_of(style), 0, 0});
    buffer_release(&text);
}

void doctor_append_text(struct buffer *out, const struct doctor *doctor,
                        const struct report_style *style)
{
    const char *group = "";
    for (size_t i = 0; i < probe_count(); i++) {
        const struct finding *finding = &doctor->findings[i];
        if (finding->verdict == PROBE_UNASKED)
            continue;
        if (strcmp(group, finding->probe->group) != 0) {
            if (*group != '\0')
                buffer_append_char(out, '\n');
            group = finding->probe->group;
            append_heading(out, style, group);
        }
        append_finding(out, style, finding);
    }
    buffer_append_char(out, '\n');
    append_passes(out, doctor, style);
    append_sight(out, doctor, style);
}
