/* What the sections of the page share. Each appends one of them; all text from outside goes through
 * base/markup.h. A failed append shows in the buffer, as everywhere. */
#ifndef TOLLGATE_REPORTERS_HTML_PRIVATE_H
#define TOLLGATE_REPORTERS_HTML_PRIVATE_H

#include "reporters/plot.h"
#include "reporters/reporter.h"

/* What a page may hold. What is beyond is left out by rank, and the page says so. */
enum {
    HTML_ROWS_MAX = 2000,          /* endpoints in the table */
    HTML_SECTIONS_MAX = 500,       /* endpoints with a section of their own */
    HTML_SECTIONS_BYTES = 6 << 20, /* of these sections */
    HTML_FLAMES_MAX = 40,          /* flame graphs */
    HTML_FLAMES_BYTES = 2 << 20,   /* of these */
    HTML_CODE_BYTES = 1 << 20,     /* of source text */
    HTML_COST_ROWS = 200,          /* of a table of costs */
    HTML_FILES_MAX = 30,           /* of the summary of dead lines */
    HTML_PLOT_ROWS = 30,           /* endpoints of a plot */
    HTML_PLOT_WIDTH = 480,         /* with names above their rows: for telephones, too */
    HTML_PLOT_LABEL_COLUMNS = 44,  /* of such a name */
    HTML_NAME_BYTES = 300,         /* of an endpoint's name in a table */
    HTML_WORDS_BYTES = 1500,       /* of a sentence from outside */
    HTML_TEXT_MAX = 1 << 20,       /* of what is put together for one element */
};

struct html {
    const struct report *report;
    struct arena arena;
    const struct endpoint_verdict **order; /* the chosen ones, as order_endpoints has them; NULL at
                                              the end */
    size_t count;                          /* of them */
    size_t total;                          /* before --endpoint chose */
    const char **anchors; /* by index of the comparison: "endpoint-get-v3-feed", no two alike */
    enum metric metric;   /* that costs are ranked by; METRIC_COUNT = nothing was measured */
    size_t sections; /* how many of `order` have a section; known before the table is written */
    size_t flames;   /* how many flame graphs are drawn, and their bytes */
    size_t flame_bytes;
    size_t code_bytes;      /* of source text, so far */
    bool code_missing_told; /* why some of it is not there */
};

/* ---- html_text.c: small parts */

struct html_word {
    const char *class; /* "regressed" */
    const char *mark;  /* "▲" */
    const char *text;  /* "regressed" */
};
struct html_word html_word_endpoint(const struct endpoint_verdict *endpoint);
struct html_word html_word_metric(const struct metric_verdict *metric);
void html_append_word(struct buffer *out, struct html_word word);

/* The index of an endpoint of the comparison. */
size_t html_number(const struct html *html, const struct endpoint_verdict *endpoint);

/* <element class="...">text</element>, the text from outside cut to `most` bytes. */
void html_append_cut(struct buffer *out, const char *element, const char *class, const char *text,
                     size_t most);

/* <p class="...">, with a printf-like text of our own or of parts already cut. */
void html_append_paragraph(struct buffer *out, const char *class, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* <section id><h2>; closed with markup_close(out, "section"). */
void html_open_section(struct buffer *out, const char *id, const char *title);

/* A table that may be wider than the screen, in a region that the keyboard can scroll. */
void html_open_table(struct buffer *out, const char *class, const char *caption);
void html_close_table(struct buffer *out);

struct html_column {
    const char *title;
    const char *class; /* "number", "wide"; NULL = text */
    const char *sort;  /* "number" or "text": the script may sort by it; NULL = not */
};
void html_append_columns(struct buffer *out, const struct html_column *columns, size_t count);

/* Safe text that may be broken behind each part of a path or a name. */
void html_append_parted(struct buffer *out, const char *text);

/* The endpoint's name, a link where it has a section. */
void html_append_name(struct buffer *out, const struct html *html,
                      const struct endpoint_verdict *endpoint);

/* A cell with a figure, and what to sort it by. */
void html_append_number(struct buffer *out, const char *class, const char *text, double value);

/* "12 of 5,000 endpoints are left out: ..."; nothing when none is. */
void html_append_left_out(struct buffer *out, size_t shown, size_t total, const char *what);

/* The side in words: "main 1b22c30, with changes". */
void html_append_side(struct buffer *text, const struct run_side *side);

/* The owner of an endpoint; NULL = nothing is known. */
const struct endpoint_owner *html_find_owner(const struct html *html,
                                             const struct endpoint_verdict *endpoint);

/* ---- one section each */

void html_append_summary(struct buffer *out, const struct html *html);
void html_append_table(struct buffer *out, const struct html *html);
MUST_CHECK bool html_append_plots(struct buffer *out, const struct html *html, struct error *err);
/* One of the plots, of the exact metrics in earlier runs; *any becomes true where there are some.
 */
MUST_CHECK bool html_append_history(struct buffer *out, const struct html *html,
                                    char why[static PLOT_WHY_SIZE], bool *any, struct error *err);
/* gnuplot's picture of the commands with a title, and in words which endpoints are left out. */
MUST_CHECK bool html_append_picture(struct buffer *out, const struct buffer *commands,
                                    const struct plot_labels *labels, size_t total,
                                    char why[static PLOT_WHY_SIZE], struct error *err);
MUST_CHECK bool html_append_endpoint(struct buffer *out, struct html *html,
                                     const struct endpoint_verdict *endpoint, struct error *err);
MUST_CHECK bool html_append_costs(struct buffer *out, const struct html *html, struct error *err);
MUST_CHECK bool html_append_dead(struct buffer *out, const struct html *html, struct error *err);
void html_append_ground(struct buffer *out, const struct html *html);
void html_append_guide(struct buffer *out, const struct html *html);

/* ---- parts of an endpoint's section */

/* The replicates of a metric as a row of dots a side; nothing where there are fewer than two. */
void html_append_dots(struct buffer *out, const struct html *html,
                      const struct endpoint_verdict *endpoint, enum metric metric);

/* Lines and functions: what grew or shrank, and the dearest. */
MUST_CHECK bool html_append_because(struct buffer *out, struct html *html,
                                    const struct endpoint_verdict *endpoint, struct error *err);
MUST_CHECK bool html_append_dearest(struct buffer *out, struct html *html,
                                    const struct endpoint_verdict *endpoint, struct error *err);

/* A line of the gateway's own sources that has something said about it. */
struct html_code_mark {
    const struct profile_frame *place;
    const char *text; /* "+50.3 k instructions a request"; safe */
};

/* The source text around marked lines, with what each line costs; nothing where there is no text,
 * or enough is on the page. */
MUST_CHECK bool html_append_code(struct buffer *out, struct html *html,
                                 const struct endpoint_verdict *endpoint,
                                 const struct html_code_mark *marks, size_t count,
                                 struct error *err);
void html_append_variants(struct buffer *out, const struct html *html,
                          const struct endpoint_verdict *endpoint);
MUST_CHECK bool html_append_flame(struct buffer *out, struct html *html,
                                  const struct endpoint_verdict *endpoint, struct error *err);

#endif
