/* The report for a developer with ten seconds: the verdict, the table, the reasons, and what it all
 * rests on. */
#include "reporters/terminal.h"

#include "base/terminal.h"
#include "reporters/commands.h"
#include "reporters/headline.h"
#include "reporters/layout.h"
#include "reporters/order.h"
#include "reporters/provenance.h"
#include "reporters/reasons.h"
#include "reporters/table.h"

#include <stdlib.h>
#include <string.h>

enum {
    MIN_COLUMNS = 20, /* narrower terminals get lines of this width */
    DEFAULT_COLUMNS = 80,
    TEXT_MAX_BYTES = 1 << 20,
};

/* `sentence` begins with the spaces that part it from the word. */
static void append_headline(struct buffer *out, const struct report_style *style, const char *word,
                            struct text_style word_style, const struct buffer *sentence)
{
    size_t start = strlen(word), indent = start + 2;
    terminal_append_styled(out, style->color, word_style, word);
    if (sentence->failed)
        out->failed = true;
    layout_append_wrapped(
        out, buffer_text(sentence),
        (struct layout_paragraph){(size_t)style->columns, start,
                                  style->columns < LAYOUT_NARROW_COLUMNS ? 2 : indent});
}

static void append_headlines(struct buffer *out, const struct report *report,
                             const struct report_style *style,
                             const struct endpoint_verdict *const *order)
{
    const struct comparison *comparison = report->comparison;
    struct buffer sentence;
    buffer_init(&sentence, TEXT_MAX_BYTES);
    if (comparison->invalid) {
        struct text_style red = {.hue = HUE_RED, .bold = true};
        buffer_append_string(&sentence, "  ");
        headline_append_invalid(&sentence, report, order, style->utf8);
        append_headline(out, style, "INVALID", red, &sentence);
        reasons_append_invalid(out, style, order);
        buffer_clear(&sentence);
    }
    /* Beside wrong answers, only a failure of the others is news. */
    if (!comparison->invalid || comparison->verdict == VERDICT_REGRESSED) {
        if (comparison->invalid)
            buffer_append_char(out, '\n');
        struct text_style look = table_verdict_style(comparison->verdict);
        look.bold = true;
        if (comparison->verdict == VERDICT_PASSED)
            look.hue = HUE_GREEN;
        buffer_append_string(&sentence, "  ");
        headline_append(&sentence, report, order, style->utf8);
        append_headline(out, style, headline_word(comparison), look, &sentence);
    }
    buffer_release(&sentence);
}

static bool terminal_write(const struct report *report, const struct report_style *style,
                           struct buffer *out, struct error *err)
{
    struct report_style fitted = *style;
    if (fitted.columns <= 0)
        fitted.columns = DEFAULT_COLUMNS;
    if (fitted.columns < MIN_COLUMNS)
        fitted.columns = MIN_COLUMNS;
    const struct endpoint_verdict **order = order_endpoints(report->comparison, err);
    if (order == NULL)
        return false;
    size_t begin = out->length;
    append_headlines(out, report, &fitted, order);
    buffer_append_char(out, '\n');
    table_append(out, report, &fitted, order);
    reasons_append(out, report, &fitted, order);
    buffer_append_char(out, '\n');
    provenance_append(out, report, &fitted);
    free(order);
    commands_defuse_text(out, begin);
    return buffer_check(out, err);
}

const struct reporter reporter_terminal = {
    .name = "terminal",
    .help = "the verdict and a table, for people",
    .write = terminal_write,
};
