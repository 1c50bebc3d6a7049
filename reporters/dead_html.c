#include "reporters/dead_html.h"

#include "base/markup.h"
#include "base/sha256.h"
#include "reporters/dead_html_source.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 2000 };

/* The page's policy names it by its digest, so nothing else can style the page. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--text:#1c2024;--quiet:#5c6570;--line:#d8dde3;"
    "--soft:#f4f6f8;--link:#0b57b0;--never:#b3261e;--never-soft:#fdeceb;--start:#1f5fae;"
    "--start-soft:#e9f1fb;--error:#8a5a00;--error-soft:#fdf3dc;--unsure:#6b4fa0;"
    "--unsure-soft:#f1ecfa;--hit:#2e7d4f}"
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--page:#14171a;--text:#e4e7ea;--quiet:#9aa4af;"
    "--line:#343a41;--soft:#1c2126;--link:#7db4f5;--never:#ff8a80;--never-soft:#3a1d1c;"
    "--start:#8ab8f5;--start-soft:#18283c;--error:#e6b450;--error-soft:#342a12;--unsure:#b9a3e3;"
    "--unsure-soft:#272038;--hit:#6cc08b}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:76rem;background:var(--page);"
    "color:var(--text);font:1rem/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:0 0 .5rem}"
    "h2{font-size:1.2rem;margin:2.5rem 0 .5rem}"
    "h3{font-size:1rem;margin:2.5rem 0 .25rem;font-family:ui-monospace,monospace;"
    "overflow-wrap:anywhere}"
    "p{margin:.25rem 0 .75rem;max-width:60rem;overflow-wrap:anywhere}"
    "a{color:var(--link)}"
    ".quiet{color:var(--quiet)}"
    ".word{font-weight:600}"
    ".never .word,.word.never{color:var(--never)}.start .word,.word.start{color:var(--start)}"
    ".error .word,.word.error{color:var(--error)}.unsure .word,.word.unsure{color:var(--unsure)}"
    "svg.shares{display:block;width:100%;height:1rem;border-radius:.25rem;margin:.75rem 0 .5rem}"
    "svg .hit{fill:var(--hit)}svg .error{fill:var(--error)}svg .start{fill:var(--start)}"
    "svg .never{fill:var(--never)}svg .unsure{fill:var(--unsure)}"
    "ul.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;margin:0;padding:0}"
    "ul.legend svg{width:.8rem;height:.8rem;margin-right:.4rem}"
    "table{border-collapse:collapse;width:100%}"
    "th{text-align:left;font-weight:600;color:var(--quiet);font-size:.85rem}"
    "td,th{padding:.3rem .75rem .3rem 0;vertical-align:top}"
    ".list tr{border-bottom:1px solid var(--line)}"
    ".number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".place{font-family:ui-monospace,monospace;font-size:.9rem;overflow-wrap:anywhere}"
    ".place div{display:flex;flex-wrap:wrap;gap:0 1.5rem}"
    ".place .quiet{font-family:system-ui,sans-serif}"
    ".list .number{width:1%}"
    ".wide{white-space:nowrap}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.5rem 0}"
    "dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.25rem;margin:.5rem 0}"
    ".source{font:.8rem/1.45 ui-monospace,monospace}"
    ".source td,.source th{padding:0 .75rem 0 .5rem;white-space:nowrap}"
    ".source th{background:var(--soft);font-family:system-ui,sans-serif;padding:.25rem .5rem}"
    ".source .code{white-space:pre;tab-size:4;width:100%}"
    ".source .number{color:var(--quiet)}"
    ".source .never{background:var(--never-soft)}.source .start{background:var(--start-soft)}"
    ".source .error{background:var(--error-soft)}.source .unsure{background:var(--unsure-soft)}"
    ".source tr:target{outline:2px solid var(--link);outline-offset:-2px}"
    "details{margin:.5rem 0}summary{cursor:pointer;color:var(--link)}"
    "@media screen and (max-width:40rem){.wide,.source .wide{display:none}"
    "dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}"
    "@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10pt}"
    ".scroll{overflow:visible;border:0}.source{font-size:7pt}"
    ".source .code{white-space:pre-wrap;overflow-wrap:anywhere}"
    ".source tr{break-inside:avoid;print-color-adjust:exact}a{color:inherit}}";

static void append_head(struct buffer *out)
{
    char digest[SHA256_POLICY_SIZE], policy[256];
    sha256_policy(style, strlen(style), digest);
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'", digest);
    buffer_append_string(out, "<!DOCTYPE html>\n");
    markup_open(out, "html", "lang", "en", NULL);
    markup_open(out, "head", NULL);
    markup_empty(out, "meta", "charset", "utf-8", NULL);
    markup_empty(out, "meta", "http-equiv", "Content-Security-Policy", "content", policy, NULL);
    markup_empty(out, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1",
                 NULL);
    markup_empty(out, "meta", "name", "referrer", "content", "no-referrer", NULL);
    markup_element(out, "title", "Dead code", NULL);
    markup_open(out, "style", NULL);
    buffer_append_string(out, style);
    markup_close(out, "style");
    markup_close(out, "head");
}

/* A bar of all states, each as wide as its share. */
static void append_bar(struct buffer *out, const struct dead *dead)
{
    double before = 0, all = dead->line_count > 0 ? (double)dead->line_count : 1;
    markup_open(out, "svg", "class", "shares", "role", "img", "aria-label",
                "Shares of the executable lines; the list below names them", NULL);
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++) {
        char from[32], width[32];
        double share = (double)dead->lines_by_state[state] / all;
        snprintf(from, sizeof from, "%.3f%%", 100 * before);
        snprintf(width, sizeof width, "%.3f%%", 100 * share);
        if (share > 0)
            markup_empty(out, "rect", "class", dead_state_key((enum dead_state)state), "x", from,
                         "width", width, "height", "100%", NULL);
        before += share;
    }
    markup_close(out, "svg");
}

static void append_legend(struct buffer *out, const struct dead *dead)
{
    double all = dead->line_count > 0 ? (double)dead->line_count : 1;
    markup_open(out, "ul", "class", "legend", NULL);
    for (unsigned state = 0; state < DEAD_STATE_COUNT; state++) {
        char share[FORMAT_SIZE], count[FORMAT_SIZE], text[4 * FORMAT_SIZE];
        if (dead->lines_by_state[state] == 0)
            continue;
        format_share((double)dead->lines_by_state[state] / all, true, share);
        format_integer((int64_t)dead->lines_by_state[state], count);
        snprintf(text, sizeof text, "%s %s, %s", share, dead_state_words((enum dead_state)state),
                 count);
        markup_open(out, "li", NULL);
        markup_open(out, "svg", "aria-hidden", "true", NULL);
        markup_empty(out, "rect", "class", dead_state_key((enum dead_state)state), "width", "100%",
                     "height", "100%", NULL);
        markup_close(out, "svg");
        markup_append_text(out, text);
        markup_close(out, "li");
    }
    markup_close(out, "ul");
}

static void append_summary(struct buffer *out, const struct dead_report *report)
{
    const struct dead *dead = report->dead;
    char files[FORMAT_SIZE], lines[FORMAT_SIZE], text[4 * FORMAT_SIZE];
    format_integer((int64_t)dead->file_count, files);
    format_integer((int64_t)dead->line_count, lines);
    snprintf(text, sizeof text, "%s file%s, %s executable line%s", files,
             dead->file_count == 1 ? "" : "s", lines, dead->line_count == 1 ? "" : "s");
    markup_element(out, "h1", "Dead code", NULL);
    markup_element(out, "p", text, "class", "quiet", NULL);
    append_bar(out, dead);
    append_legend(out, dead);
}

static void append_change(struct buffer *out, const struct dead_unit *unit)
{
    char day[FORMAT_SIZE] = "", text[FORMAT_SIZE + 16] = "";
    if (unit->age.known && !unit->age.uncommitted) {
        dead_format_day(unit->age.changed_s, day);
        snprintf(text, sizeof text, "%.7s %s", unit->age.commit, day);
    }
    markup_element(out, "td", text, "class", "wide quiet", NULL);
}

static void append_unit(struct buffer *out, const struct dead_report *report,
                        const struct dead_unit *unit)
{
    char lines[FORMAT_SIZE], age[FORMAT_SIZE], target[DEAD_ANCHOR_SIZE];
    struct buffer text;
    size_t file = (size_t)(unit->file - report->dead->files);
    buffer_init(&text, 1 << 20);
    format_integer(unit->lines, lines);
    dead_format_age(unit, true, age);
    target[0] = '#';
    dead_html_anchor(file, unit->first, target + 1);
    markup_open(out, "tr", NULL);
    markup_element(out, "td", lines, "class", "number", NULL);
    markup_element(out, "td", age, "class", "number", NULL);
    markup_open(out, "td", "class", "place", NULL);
    markup_open(out, "div", NULL);
    dead_append_place(&text, unit);
    dead_html_append_link(out, target, buffer_text(&text));
    buffer_clear(&text);
    dead_append_what(&text, unit);
    markup_element(out, "span", buffer_text(&text), "class", "quiet", NULL);
    markup_close(out, "div");
    markup_close(out, "td");
    append_change(out, unit);
    markup_close(out, "tr");
    buffer_append_char(out, '\n');
    if (text.failed)
        out->failed = true;
    buffer_release(&text);
}

static void append_titles(struct buffer *out)
{
    markup_open(out, "thead", NULL);
    markup_open(out, "tr", NULL);
    markup_element(out, "th", "lines", "scope", "col", "class", "number", NULL);
    markup_element(out, "th", "age", "scope", "col", "class", "number", NULL);
    markup_element(out, "th", "where and what", "scope", "col", NULL);
    markup_element(out, "th", "last change", "scope", "col", "class", "wide", NULL);
    markup_close(out, "tr");
    markup_close(out, "thead");
}

static void append_list(struct buffer *out, const struct dead_report *report, enum dead_state state)
{
    const struct dead *dead = report->dead;
    size_t units = dead_report_tally(report, state).units, rows = 0;
    struct buffer heading;
    if (!report->states[state] || units == 0)
        return;
    buffer_init(&heading, 4096);
    dead_append_heading(&heading, report, state);
    markup_open(out, "section", NULL);
    markup_open(out, "h2", "class", dead_state_key(state), NULL);
    markup_element(out, "span", dead_heading_words(state), "class", "word", NULL);
    markup_append_text(out, ": ");
    markup_append_text(out, buffer_text(&heading));
    markup_close(out, "h2");
    buffer_release(&heading);
    markup_open(out, "table", "class", "list", NULL);
    append_titles(out);
    markup_open(out, "tbody", NULL);
    for (size_t i = 0; i < dead->unit_count && rows < ROWS_MAX; i++) {
        if (dead->units[i].state != state || dead->units[i].kept != NULL)
            continue;
        append_unit(out, report, &dead->units[i]);
        rows++;
    }
    markup_close(out, "tbody");
    markup_close(out, "table");
    if (units > rows) {
        char more[FORMAT_SIZE];
        snprintf(more, sizeof more, "%zu more", units - rows);
        markup_element(out, "p", more, "class", "quiet", NULL);
    }
    markup_close(out, "section");
}

static void take_remark(void *context, const char *label, const char *text)
{
    struct buffer *out = context;
    markup_element(out, "dt", label, NULL);
    markup_element(out, "dd", text, NULL);
}

bool dead_html_append(struct buffer *out, const struct dead_report *report, struct error *err)
{
    append_head(out);
    markup_open(out, "body", NULL);
    markup_open(out, "header", NULL);
    append_summary(out, report);
    markup_close(out, "header");
    markup_open(out, "main", NULL);
    append_list(out, report, DEAD_NEVER);
    append_list(out, report, DEAD_START);
    append_list(out, report, DEAD_ERROR);
    markup_open(out, "section", NULL);
    markup_element(out, "h2", "What this rests on", NULL);
    markup_open(out, "dl", NULL);
    if (!dead_report_remarks(report, take_remark, out, err))
        return false;
    markup_close(out, "dl");
    markup_close(out, "section");
    dead_html_append_sources(out, report);
    markup_close(out, "main");
    markup_close(out, "body");
    markup_close(out, "html");
    buffer_append_char(out, '\n');
    return buffer_check(out, err);
}
