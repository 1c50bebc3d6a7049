#include "rig/distill_report.h"

#include "base/text.h"
#include "reporters/format.h"
#include "rig/grid.h"

#include <math.h>
#include <string.h>

enum { CELL_SIZE = 2 * FORMAT_SIZE + 8, NAMES_SHOWN = 5 };

static const enum metric measured[] = {METRIC_CPU_NS, METRIC_INSTRUCTIONS};

/* The cells of one row while they are made. */
struct cells {
    char text[GRID_COLUMNS_MAX][CELL_SIZE];
    const char *list[GRID_COLUMNS_MAX];
    size_t count;
    bool utf8;
    bool values; /* the full corpus's figure beside each error */
};

static void add_cell(struct cells *cells, const char *value, const char *error)
{
    char *text = cells->text[cells->count];
    if (value != NULL && error != NULL)
        snprintf(text, CELL_SIZE, "%s %7s", value, error);
    else
        snprintf(text, CELL_SIZE, "%s", value != NULL ? value : error);
    cells->list[cells->count++] = text;
}

static void add_error(struct cells *cells, double value, enum metric_unit unit, double error)
{
    char value_text[FORMAT_SIZE], error_text[FORMAT_SIZE];
    format_value(value, unit, cells->utf8, value_text);
    format_change(error, cells->utf8, error_text);
    add_cell(cells, cells->values ? value_text : NULL, error_text);
}

static double run_figure(const struct run *run, const char *endpoint, enum metric metric)
{
    const struct endpoint_result *result = run_endpoint(run, endpoint);
    return result != NULL ? distill_run_figure(result, metric) : NAN;
}

static double run_error(const struct distill_runs *runs, const char *endpoint, enum metric metric)
{
    double full = run_figure(runs->full, endpoint, metric);
    return run_figure(runs->small, endpoint, metric) / full - 1;
}

static void add_counts(struct cells *cells, const struct distill_account *account,
                       const struct distill_row *row)
{
    char kept[FORMAT_SIZE], all[FORMAT_SIZE], text[CELL_SIZE];
    format_integer((int64_t)row->small.exchanges, kept);
    format_integer((int64_t)row->full.exchanges, all);
    snprintf(text, sizeof text, "%s of %s", kept, all);
    add_cell(cells, text, NULL);
    format_share(row->full.weight / account->full_weight, cells->utf8, text);
    add_cell(cells, text, NULL);
}

static void add_sums(struct cells *cells, const struct distill_row *row)
{
    const struct distill_sums *full = &row->full, *small = &row->small;
    add_error(cells, full->sent_bytes / full->weight, UNIT_BYTES,
              distill_mean_error(small->sent_bytes, small->weight, full->sent_bytes, full->weight));
    add_error(cells, full->received_bytes / full->weight, UNIT_BYTES,
              distill_mean_error(small->received_bytes, small->weight, full->received_bytes,
                                 full->weight));
    add_error(cells, full->calls / full->weight, UNIT_COUNT,
              distill_mean_error(small->calls, small->weight, full->calls, full->weight));
}

/* An error of unknown sign: "2.1 %". */
static void add_guess(struct cells *cells, double predicted)
{
    char text[FORMAT_SIZE];
    if (isnan(predicted))
        snprintf(text, sizeof text, "%s", format_nothing(cells->utf8));
    else
        format_share(predicted, cells->utf8, text);
    add_cell(cells, text, NULL);
}

static bool add_row(struct grid *grid, const struct distill_account *account,
                    const struct distill_row *row, const struct distill_runs *runs,
                    struct cells *cells, struct error *err)
{
    cells->count = 0;
    add_counts(cells, account, row);
    add_sums(cells, row);
    if (runs == NULL)
        add_guess(cells, row->predicted);
    for (size_t m = 0; runs != NULL && m < COUNT_OF(measured); m++)
        add_error(cells, run_figure(runs->full, row->name, measured[m]),
                  metric_info(measured[m])->unit, run_error(runs, row->name, measured[m]));
    cells->list[cells->count] = row->name;
    return grid_add(grid, cells->list, err);
}

static bool fill(struct grid *grid, const struct distill_account *account,
                 const struct distill_runs *runs, bool utf8, bool values, struct error *err)
{
    static const char *const guessed[] = {"kept",  "weight", "sent",    "answer",
                                          "calls", "cost ±", "endpoint"};
    static const char *const compared[] = {"kept",  "weight", "sent",  "answer",
                                           "calls", "CPU",    "instr", "endpoint"};
    struct cells cells = {.utf8 = utf8, .values = values};
    if (runs != NULL)
        grid_init(grid, compared, COUNT_OF(compared));
    else
        grid_init(grid, guessed, COUNT_OF(guessed));
    if (runs == NULL && !utf8)
        grid->titles.cells[5] = "cost +-";
    for (size_t e = 0; e < account->row_count; e++)
        if (!add_row(grid, account, &account->rows[e], runs, &cells, err))
            return false;
    return true;
}

bool distill_report_append(struct buffer *out, const struct distill_account *account,
                           const struct distill_runs *runs, const struct terminal *terminal,
                           struct error *err)
{
    struct grid grid;
    bool ok = fill(&grid, account, runs, terminal->utf8, true, err);
    if (ok && grid_width(&grid) > (size_t)terminal->columns) {
        struct grid narrow;
        ok = fill(&narrow, account, runs, terminal->utf8, false, err);
        if (ok && grid_width(&narrow) <= (size_t)terminal->columns)
            grid_append(out, &narrow, terminal->columns);
        else if (ok)
            grid_append(out, &grid, terminal->columns);
        grid_release(&narrow);
    } else if (ok) {
        grid_append(out, &grid, terminal->columns);
    }
    grid_release(&grid);
    return ok;
}

static void append_left_out(struct buffer *out, const struct distill_account *account)
{
    size_t count = 0;
    double weight = 0;
    for (size_t e = 0; e < account->row_count; e++) {
        count += account->rows[e].small.exchanges == 0;
        weight += account->rows[e].small.exchanges == 0 ? account->rows[e].full.weight : 0;
    }
    if (count == 0)
        return;
    buffer_append_format(out, "left out: %zu endpoint%s with %.2g %% of the weight:", count,
                         count == 1 ? "" : "s", 100 * weight / account->full_weight);
    for (size_t e = 0, shown = 0; e < account->row_count && shown <= NAMES_SHOWN; e++) {
        const struct distill_row *row = &account->rows[e];
        if (row->small.exchanges > 0)
            continue;
        buffer_append_string(out, "\n  ");
        if (shown++ == NAMES_SHOWN)
            buffer_append_string(out, "and others");
        else
            text_append_safe(out, row->name, strlen(row->name), false);
    }
    buffer_append_char(out, '\n');
}

void distill_report_append_notes(struct buffer *out, const struct distill_account *account)
{
    size_t variants = 0, kept = 0;
    for (size_t e = 0; e < account->row_count; e++) {
        variants += account->rows[e].variants;
        kept += account->rows[e].variants_kept;
    }
    if (account->targets > DISTILL_HOT_TARGETS)
        buffer_append_format(out,
                             "the %d targets asked for most: %.1f %% of the weight, %.1f %% in the "
                             "small corpus\n",
                             DISTILL_HOT_TARGETS, 100 * account->full_hot,
                             100 * account->small_hot);
    if (kept > 0 && kept < variants)
        buffer_append_format(out,
                             "%zu of %zu variants have no exchange of their own; others stand for "
                             "them\n",
                             variants - kept, variants);
    append_left_out(out, account);
}

static bool is_measured(const struct distill_account *account, const struct run *run,
                        enum metric metric)
{
    for (size_t e = 0; e < account->row_count; e++)
        if (!isnan(run_figure(run, account->rows[e].name, metric)))
            return true;
    return false;
}

bool distill_report_worst(const struct distill_account *account, const struct distill_runs *runs,
                          double *error, const char **endpoint, enum metric *metric)
{
    bool found = false;
    for (size_t m = 0; m < COUNT_OF(measured); m++) {
        if (!is_measured(account, runs->small, measured[m]))
            continue;
        for (size_t e = 0; e < account->row_count; e++) {
            const char *name = account->rows[e].name;
            double one = fabs(run_error(runs, name, measured[m]));
            if (isnan(run_figure(runs->full, name, measured[m])))
                continue;
            one = isnan(one) ? INFINITY : one;
            if (found && one <= *error)
                continue;
            found = true;
            *error = one;
            *endpoint = name;
            *metric = measured[m];
        }
    }
    return found;
}
