/* What the files of the Markdown reporter share; nobody else includes it. */
#ifndef TOLLGATE_REPORTERS_MARKDOWN_PRIVATE_H
#define TOLLGATE_REPORTERS_MARKDOWN_PRIVATE_H

#include "reporters/fault.h"
#include "reporters/markdown.h"

enum {
    MARKDOWN_LINES = 3,      /* at fault, of the whole report */
    MARKDOWN_CHANGED = 12,   /* rows of the first table */
    MARKDOWN_EXPLAINED = 20, /* endpoints whose reasons are told in full */
    MARKDOWN_ACCEPTS = 5,    /* trailers suggested */
    MARKDOWN_TEXT_MAX = 1 << 22,
};

/* A line at fault, for one or more endpoints. */
struct markdown_line {
    const struct growth_item *item;
    const char
        *text; /* "+50 k instructions a request (97 % of the growth)", of the first endpoint */
    bool changed;
    const struct endpoint_verdict *endpoint; /* the first */
    size_t others;
};

/* What is found once, before the report is fitted into its room. */
struct markdown {
    const struct report *report;
    const struct markdown_options *options;
    const struct endpoint_verdict **order;
    size_t count;   /* endpoints */
    size_t changed; /* the first of the order: not just passed or measured */
    struct markdown_line lines[MARKDOWN_LINES];
    size_t line_count;
    const char *missing; /* why no line can be named; NULL = some can, or nobody asked */
    const char *explanations[MARKDOWN_EXPLAINED];
    size_t explained;
    struct arena arena;
    struct fault_book book;
};

/* Fills lines, missing and explanations. False when out of memory. */
MUST_CHECK bool markdown_find(struct markdown *markdown, struct error *err);

/* How much of each list is shown. */
struct markdown_plan {
    size_t changed, explained, rows;
    bool rest; /* how to accept, what it rests on */
};

/* Tables: what changed, and all. Each says how many rows more there are. */
void markdown_append_changed(struct buffer *out, const struct markdown *markdown, size_t rows);
void markdown_append_all(struct buffer *out, const struct markdown *markdown, size_t rows);

/* Folded: how to accept what regressed; what was measured on what, and how to measure it again. */
void markdown_append_accept(struct buffer *out, const struct markdown *markdown);
void markdown_append_ground(struct buffer *out, const struct markdown *markdown);

/* "`51e9a09` + changes against `main` (`1b22c30`)" */
void markdown_append_sides(struct buffer *out, const struct report *report);

/* What the change costs a month, a line; nothing where that is not known. */
void markdown_append_money(struct buffer *out, const struct markdown *markdown);

/* Whether the tables have such a column. */
bool markdown_has_money(const struct report *report);
bool markdown_has_owners(const struct report *report);
void markdown_append_money_cell(struct buffer *out, const struct report *report,
                                const struct endpoint_verdict *endpoint);
void markdown_append_owner(struct buffer *out, const struct report *report,
                           const struct endpoint_verdict *endpoint);

#endif
