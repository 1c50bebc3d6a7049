#include "rig/grid.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(grid, .timeout = 60);

static const char *const titles[] = {"kept", "cost ±", "endpoint"};

static void fill(struct grid *grid)
{
    static const char *const rows[][3] = {{"1 of 92", "2.4 %", "GET /v3/feed"},
                                          {"12 of 5,000", "0.1 %", "POST /\x1b[31mred"}};
    struct error err = {0};
    grid_init(grid, titles, 3);
    for (size_t r = 0; r < 2; r++)
        cr_assert(grid_add(grid, rows[r], &err));
}

static void expect(int columns, const char *wanted)
{
    struct grid grid;
    struct buffer out;
    fill(&grid);
    buffer_init(&out, 4096);
    grid_append(&out, &grid, columns);
    cr_expect_str_eq(buffer_text(&out), wanted, "at %d:\n%s", columns, buffer_text(&out));
    buffer_release(&out);
    grid_release(&grid);
}

Test(grid, is_as_wide_as_it_must_be)
{
    static const char table[] = "       kept  cost ±  endpoint\n"
                                "    1 of 92   2.4 %  GET /v3/feed\n"
                                "12 of 5,000   0.1 %  POST /\\x1b[31mred\n";
    struct grid grid;
    fill(&grid);
    cr_expect_eq(grid_width(&grid), 11 + 2 + 6 + 2 + strlen("POST /\\x1b[31mred"));
    grid_release(&grid);
    expect(200, table);
    expect(38, table);
}

Test(grid, is_a_paragraph_a_row_where_that_is_too_wide)
{
    expect(37, "GET /v3/feed\n  kept 1 of 92, cost ± 2.4 %\n"
               "POST /\\x1b[31mred\n  kept 12 of 5,000, cost ± 0.1 %\n");
    expect(24, "GET /v3/feed\n  kept 1 of 92\n  cost ± 2.4 %\n"
               "POST /\\x1b[31mred\n  kept 12 of 5,000\n  cost ± 0.1 %\n");
    expect(1, "GET /v3/feed\n  kept 1 of 92\n  cost ± 2.4 %\n"
              "POST /\\x1b[31mred\n  kept 12 of 5,000\n  cost ± 0.1 %\n");
}

Test(grid, without_rows_is_its_titles)
{
    struct grid grid;
    struct buffer out;
    grid_init(&grid, titles, 3);
    buffer_init(&out, 4096);
    grid_append(&out, &grid, 80);
    cr_expect_str_eq(buffer_text(&out), "kept  cost ±  endpoint\n");
    buffer_release(&out);
    grid_release(&grid);
}
