#include "reporters/dead_report.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { DAY_LENGTH = 10 };

static const double days_a_month = 30.44, days_a_year = 365.25;

bool dead_report_lists(const struct dead_report *report, const struct dead_unit *unit)
{
    return report->states[unit->state] && unit->kept == NULL;
}

struct dead_tally dead_report_tally(const struct dead_report *report, enum dead_state state)
{
    struct dead_tally tally = {0};
    for (size_t i = 0; i < report->dead->unit_count; i++) {
        const struct dead_unit *unit = &report->dead->units[i];
        if (unit->state != state || unit->kept != NULL)
            continue;
        tally.units++;
        tally.lines += unit->lines;
    }
    return tally;
}

void dead_format_age(const struct dead_unit *unit, bool utf8, char out[static FORMAT_SIZE])
{
    double days = unit->age_days;
    const char *least = !unit->age.at_least ? "" : utf8 ? "≥" : ">=";
    if (!unit->age.known || (unit->age.at_least && days < 1))
        snprintf(out, FORMAT_SIZE, "%s", format_nothing(utf8));
    else if (unit->age.uncommitted)
        snprintf(out, FORMAT_SIZE, "new");
    else if (days < 1)
        snprintf(out, FORMAT_SIZE, "<1 d");
    else if (days < 2 * days_a_month)
        snprintf(out, FORMAT_SIZE, "%s%.0f d", least, days);
    else if (days < 2 * days_a_year)
        snprintf(out, FORMAT_SIZE, "%s%.0f mo", least, days / days_a_month);
    else
        snprintf(out, FORMAT_SIZE, "%s%.1f y", least, days / days_a_year);
}

void dead_format_day(int64_t seconds, char out[static FORMAT_SIZE])
{
    out[0] = '\0';
    if (seconds <= 0 || seconds > INT64_MAX / NS_PER_SECOND)
        return;
    clock_format_utc(seconds * NS_PER_SECOND, out);
    out[DAY_LENGTH] = '\0';
}

void dead_append_place(struct buffer *out, const struct dead_unit *unit)
{
    buffer_append_string(out, unit->file->path);
    buffer_append_format(out, ":%u", unit->first);
    if (unit->last > unit->first)
        buffer_append_format(out, "-%u", unit->last);
}

void dead_append_what(struct buffer *out, const struct dead_unit *unit)
{
    if (unit->function == NULL) {
        buffer_append_string(out, "outside of functions");
        return;
    }
    buffer_append_string(out, unit->whole ? "all of " : "in ");
    buffer_append_string(out, unit->function->name);
}

static void append_count(struct buffer *out, size_t count, const char *what)
{
    char number[FORMAT_SIZE];
    format_integer((int64_t)count, number);
    buffer_append_format(out, "%s %s%s", number, what, count == 1 ? "" : "s");
}

static void append_shares(struct buffer *out, const size_t lines[DEAD_STATE_COUNT], size_t all,
                          bool utf8)
{
    const char *between = ": ";
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++) {
        char share[FORMAT_SIZE];
        if (lines[state] == 0 && state != DEAD_HIT && state != DEAD_NEVER)
            continue;
        format_share((double)lines[state] / (double)(all > 0 ? all : 1), utf8, share);
        buffer_append_format(out, "%s%s %s", between, share,
                             dead_state_words((enum dead_state)state));
        between = ", ";
    }
}

void dead_append_summary(struct buffer *out, const struct dead *dead, bool utf8)
{
    append_count(out, dead->file_count, "file");
    buffer_append_string(out, ", ");
    append_count(out, dead->line_count, "executable line");
    append_shares(out, dead->lines_by_state, dead->line_count, utf8);
}

void dead_append_file_summary(struct buffer *out, const struct dead_file *file, bool utf8)
{
    append_count(out, file->line_count, "executable line");
    append_shares(out, file->lines_by_state, file->line_count, utf8);
    buffer_append_format(out, "; reached by %zu of %zu endpoint%s", file->endpoint_count,
                         file->endpoints_observed, file->endpoints_observed == 1 ? "" : "s");
    if (file->runs_other > 0)
        buffer_append_format(out, "; %zu of %zu runs saw this content", file->runs,
                             file->runs + file->runs_other);
    if (file->stale)
        buffer_append_string(out, "; newer than the program that was measured: lines may not fit");
}

void dead_append_heading(struct buffer *out, const struct dead_report *report,
                         enum dead_state state)
{
    struct dead_tally tally = dead_report_tally(report, state);
    append_count(out, tally.lines, "line");
    buffer_append_string(out, " in ");
    append_count(out, tally.units, "place");
}

const char *dead_heading_words(enum dead_state state)
{
    switch (state) {
    case DEAD_NEVER:
        return "Never executed";
    case DEAD_START:
        return "Only at start, or beside requests";
    case DEAD_ERROR:
        return "Only in requests that were answered with 400 or more";
    case DEAD_HIT:
    case DEAD_UNSURE:
    case DEAD_STATE_COUNT:
        break;
    }
    BUG("no list of state %d", (int)state);
}

/* The remarks on their way out. */
struct remarking {
    const struct dead_report *report;
    struct buffer text;
    dead_remark *take;
    void *context;
};

static void end_remark(struct remarking *remarking, const char *label)
{
    if (remarking->text.length > 0 && !remarking->text.failed)
        remarking->take(remarking->context, label, buffer_text(&remarking->text));
    buffer_clear(&remarking->text);
}

static void remark_evidence(struct remarking *remarking)
{
    const struct dead_evidence *evidence = &remarking->report->dead->evidence;
    char first[FORMAT_SIZE], last[FORMAT_SIZE];
    dead_format_day(evidence->first_s, first);
    dead_format_day(evidence->last_s, last);
    append_count(&remarking->text, evidence->runs, "run");
    if (strcmp(first, last) != 0) {
        buffer_append_string(&remarking->text, " over ");
        append_count(&remarking->text, (size_t)(evidence->days + 0.5), "day");
        buffer_append_format(&remarking->text, " (%s to %s)", first, last);
    } else if (first[0] != '\0') {
        buffer_append_format(&remarking->text, " of %s", first);
    }
    buffer_append_string(&remarking->text, ", ");
    append_count(&remarking->text, (size_t)evidence->requests, "request");
    buffer_append_string(&remarking->text, " of ");
    append_count(&remarking->text, evidence->endpoints, "endpoint");
    end_remark(remarking, "evidence");
}

static void remark_rank(struct remarking *remarking)
{
    const struct dead_report *report = remarking->report;
    if (report->dead->unit_count == 0)
        return;
    buffer_append_string(&remarking->text, !report->ages
                                               ? "by lines and by how few endpoints come near"
                                               : "by lines, age of the last change, and how few "
                                                 "endpoints come near");
    end_remark(remarking, "ranked");
}

/* Names some of many: the first ones, or all when the reader asked for all. */
struct naming {
    struct remarking *remarking;
    size_t count;
};

static bool name_next(struct naming *naming, const char *name)
{
    struct buffer *text = &naming->remarking->text;
    if (naming->count++ >= DEAD_NAMES_SHOWN && !naming->remarking->report->all)
        return false;
    buffer_append_string(text, naming->count > 1 ? ", " : "");
    buffer_append_string(text, name);
    return true;
}

static void end_naming(struct naming *naming, const char *label)
{
    if (naming->count > DEAD_NAMES_SHOWN && !naming->remarking->report->all)
        buffer_append_format(&naming->remarking->text, " and %zu more (--all)",
                             naming->count - DEAD_NAMES_SHOWN);
    end_remark(naming->remarking, label);
}

static void remark_changed(struct remarking *remarking)
{
    const struct dead *dead = remarking->report->dead;
    struct naming naming = {remarking, 0};
    size_t count = 0;
    for (size_t i = 0; i < dead->file_count; i++)
        count += dead->files[i].runs_other > 0;
    if (count == 0)
        return;
    append_count(&remarking->text, count, "file");
    buffer_append_string(&remarking->text,
                         " changed between the runs; only those that saw the content reported "
                         "count for it: ");
    for (size_t i = 0; i < dead->file_count; i++) {
        const struct dead_file *file = &dead->files[i];
        if (file->runs_other > 0 && name_next(&naming, file->path))
            buffer_append_format(&remarking->text, " (%zu of %zu runs)", file->runs,
                                 file->runs + file->runs_other);
    }
    end_naming(&naming, "changed");
}

static void remark_stale(struct remarking *remarking)
{
    const struct dead *dead = remarking->report->dead;
    struct naming naming = {remarking, 0};
    size_t count = 0;
    for (size_t i = 0; i < dead->file_count; i++)
        count += dead->files[i].stale;
    if (count == 0)
        return;
    append_count(&remarking->text, count, "file");
    buffer_append_format(&remarking->text,
                         " %s newer than the program that was measured, so lines may not fit; "
                         "build it anew before the bench: ",
                         count == 1 ? "is" : "are");
    for (size_t i = 0; i < dead->file_count; i++)
        if (dead->files[i].stale)
            name_next(&naming, dead->files[i].path);
    end_naming(&naming, "stale");
}

static void remark_unseen(struct remarking *remarking)
{
    const struct dead *dead = remarking->report->dead;
    struct naming naming = {remarking, 0};
    if (dead->unseen_count == 0)
        return;
    append_count(&remarking->text, dead->unseen_count, "source file");
    buffer_append_format(&remarking->text,
                         " %s no code in the program: ", dead->unseen_count == 1 ? "has" : "have");
    for (size_t i = 0; i < dead->unseen_count; i++)
        name_next(&naming, dead->unseen[i]);
    end_naming(&naming, "not built");
}

static void append_keep(struct buffer *text, const struct dead_keep *keep)
{
    buffer_append_string(text, keep->path);
    if (keep->function != NULL)
        buffer_append_format(text, " %s", keep->function);
}

/* What one row of "dead.keep" keeps, or kept. */
static void remark_keep(struct remarking *remarking, const struct dead_keep *keep, bool expired)
{
    const struct dead *dead = remarking->report->dead;
    struct buffer *text = &remarking->text;
    size_t lines = 0;
    for (size_t i = 0; i < dead->unit_count; i++) {
        const struct dead_unit *unit = &dead->units[i];
        if ((expired ? unit->expired : unit->kept) == keep &&
            remarking->report->states[unit->state])
            lines += unit->lines;
    }
    if (lines == 0)
        return;
    append_keep(text, keep);
    buffer_append_string(text, ", ");
    append_count(text, lines, "line");
    buffer_append_format(
        text, expired ? ", was kept until %s (%s) and is listed again" : ", until %s: %s",
        keep->until, keep->because);
    end_remark(remarking, expired ? "expired" : "kept");
}

/* Each row of "dead.keep" once, by the first unit that it is about. */
static void remark_keeps(struct remarking *remarking, bool expired)
{
    const struct dead *dead = remarking->report->dead;
    for (size_t i = 0; i < dead->unit_count; i++) {
        const struct dead_unit *unit = &dead->units[i];
        const struct dead_keep *keep = expired ? unit->expired : unit->kept;
        bool first = keep != NULL;
        for (size_t j = 0; j < i && first; j++)
            first = (expired ? dead->units[j].expired : dead->units[j].kept) != keep;
        if (first)
            remark_keep(remarking, keep, expired);
    }
}

static void remark_idle(struct remarking *remarking)
{
    const struct dead *dead = remarking->report->dead;
    for (size_t i = 0; i < dead->idle_keep_count; i++) {
        append_keep(&remarking->text, dead->idle_keeps[i]);
        buffer_append_string(&remarking->text,
                             " of \"dead.keep\" fits no dead line: its row can go");
        end_remark(remarking, "idle");
    }
}

bool dead_report_remarks(const struct dead_report *report, dead_remark *take, void *context,
                         struct error *err)
{
    struct remarking remarking = {.report = report, .take = take, .context = context};
    buffer_init(&remarking.text, 64 << 20);
    remark_evidence(&remarking);
    remark_rank(&remarking);
    remark_changed(&remarking);
    remark_stale(&remarking);
    remark_keeps(&remarking, true);
    remark_keeps(&remarking, false);
    remark_idle(&remarking);
    remark_unseen(&remarking);
    for (size_t i = 0; i < report->note_count; i++) {
        buffer_append_string(&remarking.text, report->notes[i]);
        end_remark(&remarking, "note");
    }
    bool ok = buffer_check(&remarking.text, err);
    buffer_release(&remarking.text);
    return ok;
}
