#include "reporters/html.h"

#include "reporters/cost_words.h"
#include "reporters/embedded.h"
#include "reporters/plot_svg.h"
#include "tests/unit/failing_allocations.h"
#include "tests/unit/report_sample.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

static struct sample sample;
static struct buffer page;

/* No gnuplot but in the end-to-end tests: what is drawn here is the page's own. */
static void setup(void)
{
    setenv("PATH", "/nonexistent", 1);
    sample_init(&sample);
    buffer_init(&page, 64 << 20);
}

static void teardown(void)
{
    buffer_release(&page);
}

TestSuite(html, .init = setup, .fini = teardown, .timeout = 280);

static void write_page(void)
{
    static const struct report_style style = {80, false, true};
    struct error err = {0};
    buffer_clear(&page);
    cr_assert(reporter_html.write(&sample.report, &style, &page, &err), "%s", err.text);
}

static bool has(const char *text)
{
    return strstr(buffer_text(&page), text) != NULL;
}

static size_t count_of(const char *text)
{
    size_t count = 0;
    for (const char *at = buffer_text(&page); (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

/* Every element that is opened is closed, in order; no attribute without quotes. */
static void assert_well_formed(void)
{
    enum { DEPTH = 256, NAME = 32 };
    static char open[DEPTH][NAME];
    size_t depth = 0;
    const char *at = strchr(buffer_text(&page), '\n'); /* behind the doctype */
    while ((at = strchr(at, '<')) != NULL) {
        char name[NAME] = "";
        bool closing = at[1] == '/';
        cr_assert_eq(sscanf(at + 1 + closing, "%31[a-z0-9A-Z]", name), 1, "%.80s", at);
        const char *end = at;
        for (char quote = '\0'; *end != '\0' && (quote != '\0' || *end != '>'); end++)
            quote = *end == '"' ? (quote == '\0' ? '"' : '\0') : quote;
        cr_assert_eq(*end, '>', "%.80s", at);
        if (closing) {
            cr_assert_gt(depth, 0);
            cr_assert_str_eq(open[--depth], name, "%.80s", at);
        } else if (end[-1] != '/') {
            cr_assert_lt(depth, (size_t)DEPTH);
            snprintf(open[depth++], NAME, "%s", name);
        }
        at = end + 1;
        if (!closing && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0))
            at = strstr(at, strcmp(name, "script") == 0 ? "</script>" : "</style>");
    }
    cr_assert_eq(depth, 0);
}

/* ---- what is on it --------------------------------------------------------------------------- */

Test(html, first_screen)
{
    sample_make_regressed(&sample);
    write_page();
    assert_well_formed();
    cr_assert(has("▲ REGRESSED"));
    cr_assert(has("2 of 7 endpoints got dearer"));
    cr_assert(has("2 regressed") && has("1 undecided") && has("1 improved") && has("3 passed"));
    cr_assert(has("A CPU slowdown of 2.1"));
    cr_assert(has("What it costs") && has("Not known here"));
    cr_assert(has("both sides were measured in this run"));
    cr_assert(has("The plots are left out: ") && has("gnuplot"));
}

Test(html, sections_have_their_names)
{
    write_page();
    cr_assert(has("<details class=\"endpoint\" id=\"endpoint-get-v3-feed\""));
    cr_assert(has("id=\"endpoint-get-v3-users-id\"") && has("href=\"#endpoint-get-v3-users-id\""));
}

/* Two names that come to the same letters stay two places, which do not depend on their order. */
Test(html, sections_have_names_of_their_own)
{
    char first[64], second[64];
    sample.endpoints[0].name = "GET /v3/users/{id}";
    sample.endpoints[1].name = "GET /v3/users/(id)";
    write_page();
    cr_assert_eq(count_of("id=\"endpoint-get-v3-users-id-"), 2);
    const char *at = strstr(buffer_text(&page), "id=\"endpoint-get-v3-users-id-");
    cr_assert_eq(sscanf(at, "id=\"%63[^\"]", first), 1);
    at = strstr(at + 1, "id=\"endpoint-get-v3-users-id-");
    cr_assert_eq(sscanf(at, "id=\"%63[^\"]", second), 1);
    cr_assert_str_neq(first, second);
    sample.endpoints[0].name = "GET /v3/users/(id)";
    sample.endpoints[1].name = "GET /v3/users/{id}";
    write_page();
    cr_assert(has(first) && has(second));
}

Test(html, only_what_changed_is_open)
{
    sample_make_regressed(&sample);
    write_page();
    cr_assert(has("id=\"endpoint-get-v3-feed\" open=\"open\""));
    cr_assert(has("id=\"endpoint-get-v3-notifications\">"));
}

Test(html, without_a_base)
{
    sample_make_alone(&sample);
    write_page();
    assert_well_formed();
    cr_assert(has("MEASURED") && has("no verdict"));
    cr_assert(has("There is nothing to plot without a comparison or earlier runs."));
    cr_assert(has("Not measured: instr, syscalls: valgrind is not installed"));
}

Test(html, other_states)
{
    sample_make_invalid(&sample);
    write_page();
    assert_well_formed();
    cr_assert(has("✕ INVALID") && has("expected status 200, got 500"));
    sample_init(&sample);
    sample_make_accepted(&sample);
    write_page();
    cr_assert(has("2 accepted") && has("5 passed") && has("until 2027-01-31"));
    sample_init(&sample);
    sample_make_inconclusive(&sample);
    write_page();
    cr_assert(has("? INCONCLUSIVE"));
    sample_init(&sample);
    sample_make_extreme(&sample);
    write_page();
    assert_well_formed();
}

Test(html, one_endpoint_and_none)
{
    sample.comparison.endpoint_count = 1;
    write_page();
    assert_well_formed();
    cr_assert_eq(count_of("<details class=\"endpoint\""), 1);
    sample.comparison.endpoint_count = 0;
    write_page();
    assert_well_formed();
}

Test(html, chosen_endpoints)
{
    static const struct report_style style = {80, false, true};
    struct error err = {0};
    sample.report.choice.endpoint = "GET /v3/*";
    write_page();
    cr_assert_eq(count_of("<details class=\"endpoint\""), 5);
    cr_assert(has("Chosen with --endpoint: 5 of 7."));
    sample.report.choice.endpoint = "nobody";
    cr_assert_not(reporter_html.write(&sample.report, &style, &page, &err));
    cr_assert_eq(err.code, ERROR_USAGE);
}

/* ---- costs and owners ------------------------------------------------------------------------ */

Test(html, costs_and_owners)
{
    static struct endpoint_owner owned[SAMPLE_ENDPOINTS];
    static struct endpoint_cost costs[SAMPLE_ENDPOINTS];
    static const struct owners owners = {.endpoints = owned, .count = SAMPLE_ENDPOINTS};
    static struct cost_report cost;
    for (size_t i = 0; i < SAMPLE_ENDPOINTS; i++) {
        owned[i] = (struct endpoint_owner){.endpoint = sample.endpoints[i].name,
                                           .owner = i == 2 ? "@team<feed>" : NULL,
                                           .rule = i == 2 ? "CODEOWNERS:12" : NULL,
                                           .why = i == 2 ? NULL : "no rule fits"};
        costs[i] = (struct endpoint_cost){.name = sample.endpoints[i].name,
                                          .request_share = 1.0 / 7,
                                          .cost_share = 1.0 / 7,
                                          .ratio = 1,
                                          .month_micros = 100 * MONEY_MICROS,
                                          .month_shown = 100 * MONEY_MICROS};
    }
    costs[2].change =
        (struct cost_change){.sure = true, .efficiency = 65.2e6, .low = 52.1e6, .high = 78.4e6};
    cost = (struct cost_report){
        .has_money = true,
        .has_change = true,
        .currency = "USD",
        .digits = 2,
        .endpoints = costs,
        .endpoint_count = SAMPLE_ENDPOINTS,
        .basis = "by <this>",
        .bill_micros = 700 * MONEY_MICROS,
        .bill_shown = 700 * MONEY_MICROS,
        .total = {.endpoints = 1, .efficiency = 65.2e6, .low = 52.1e6, .high = 78.4e6}};
    sample_make_regressed(&sample);
    sample.report.owners = &owners;
    sample.report.cost = &cost;
    write_page();
    assert_well_formed();
    cr_assert(has("+$65.20 a month (+$52.10 to +$78.40)"));
    cr_assert(has("by &lt;this&gt;") && has("@team&lt;feed&gt;") && has("by CODEOWNERS:12"));
    cr_assert(has("Costs by owner") && has("$700.00") && has("unowned: no rule fits"));
    cost.has_money = false;
    cost.advice = "give an amount";
    write_page();
    assert_well_formed();
    cr_assert(has("give an amount") && !has("$700.00"));
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* What the page itself weighs, besides what is told of endpoints. */
Test(html, weighs_little)
{
    sample.comparison.endpoint_count = 0;
    write_page();
    cr_assert_lt(page.length, 100u << 10, "%zu bytes", page.length);
    cr_assert_lt(strlen(embedded_html_css) + strlen(embedded_html_js), 40u << 10);
}

Test(html, thousands_of_endpoints)
{
    enum { MANY = 5000 };
    struct endpoint_verdict *many = calloc(MANY, sizeof *many);
    char(*names)[64] = calloc(MANY, sizeof *names);
    cr_assert(many != NULL && names != NULL);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "GET /v3/thing%zu/{id}", i);
        sample_passed(&many[i], names[i], 10, 1e5 + (double)i);
    }
    /* The last of all is the one to be seen. */
    many[MANY - 1].verdict = VERDICT_REGRESSED;
    sample.comparison.endpoints = many;
    sample.comparison.endpoint_count = MANY;
    write_page();
    assert_well_formed();
    cr_assert_lt(page.length, 12u << 20, "%zu bytes", page.length);
    cr_assert_eq(count_of("<details class=\"endpoint\""), 500);
    cr_assert_eq(count_of("data-verdict="), 2000);
    cr_assert(has("id=\"endpoint-get-v3-thing4999-id\" open=\"open\""));
    cr_assert(has("3,000 of 5,000 endpoints are left out here"));
    cr_assert(has("4,500 of 5,000 endpoints are left out here"));
    /* No link leads nowhere. */
    for (const char *at = buffer_text(&page); (at = strstr(at, "href=\"#endpoint-")) != NULL;
         at++) {
        char place[128], id[140];
        cr_assert_eq(sscanf(at, "href=\"#%127[^\"]", place), 1);
        snprintf(id, sizeof id, "id=\"%s\"", place);
        cr_assert(has(id), "%s", place);
    }
    free(names);
    free(many);
}

Test(html, hostile_text_stays_text)
{
    static char endless[70000];
    static const char markup[] = "\"><script>alert(1)</script><img src=x onerror=alert(2)>";
    memset(endless, 'y', sizeof endless - 1);
    sample_make_hostile(&sample);
    sample.endpoints[4].name = markup;
    sample.endpoints[4].metrics[METRIC_CPU_NS].reason = markup;
    sample.endpoints[6].metrics[METRIC_CPU_NS].reason = endless;
    sample.head.sides[SIDE_HEAD].commit = markup;
    sample.head.fingerprint.kernel = markup;
    sample.notes[0] = "]]></script><script>alert(3)</script>";
    write_page();
    assert_well_formed();
    cr_assert_eq(count_of("<script"), 1);
    cr_assert_eq(count_of("<img"), 0);
    cr_assert_not(has("\x1b") || has("\xe2\x80\xae") || has("\xff"));
    cr_assert(has("&lt;script&gt;alert(1)"));
    cr_assert_lt(page.length, 2u << 20);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Each failing allocation is an error, and leaks nothing. */
Test(html, out_of_memory, .timeout = 300)
{
    static const struct report_style style = {80, false, true};
    if (!allocations_can_fail())
        cr_skip("allocations cannot be made to fail here");
    sample_make_regressed(&sample);
    sample.comparison.endpoint_count = 3;
    bool ok = false;
    long n = 0;
    for (; !ok && n < 100000; n += n < 200 ? 1 : 37) {
        struct error err = {0};
        struct buffer out;
        buffer_init(&out, 64 << 20);
        allocations_left = n;
        ok = reporter_html.write(&sample.report, &style, &out, &err);
        allocations_left = -1;
        cr_assert(ok || err.code == ERROR_MEMORY, "allocation %ld: %s", n, err.text);
        buffer_release(&out);
    }
    cr_assert(ok);
    cr_assert_gt(n, 200);
}

/* ---- gnuplot's pictures ---------------------------------------------------------------------- */

static bool clean(const char *svg, struct buffer *out)
{
    static const char *const texts[] = {"GET /<b>", "second"};
    static const struct plot_labels labels = {"a \"title\"", texts, 2};
    struct error err = {0};
    buffer_clear(out);
    bool ok = plot_svg_append(out, svg, strlen(svg), &labels, &err);
    cr_assert(ok || err.code == ERROR_INPUT);
    return ok;
}

Test(html, pictures_are_written_anew)
{
    cr_assert(clean("<?xml version='1.0'?><!-- c --><svg width=\"9\" viewBox=\"0 0 720 300\" "
                    "onload='x()'><title>t</title><script>alert(1)</script>"
                    "<style>a{}</style><foreignObject><g><text>@1</text></g></foreignObject>"
                    "<g fill='none' color='black' id='i' stroke-width='3.00' style='a:b'>"
                    "<path stroke='rgb(  0,   0,   1)' d='M1,2 L3.5,4 ' onclick='x()'/></g>"
                    "<g transform='translate(7.25,8) rotate(9)' text-anchor='end'>"
                    "<text>@0</text><text> 5 %</text><text>@9</text></g>"
                    "<use xlink:href='#gpPt6' transform='translate(1,2) scale(4.50)' "
                    "color='rgb(0,0,4)'/>"
                    "<use xlink:href='http://example.com/#x' transform='translate(1,2) scale(1)'/>"
                    "<a href='javascript:x()'><path d='M0,0'/></a>"
                    "<image href='http://example.com/'/></svg>",
                    &page));
    cr_assert_str_eq(
        buffer_text(&page),
        "<svg class=\"plot\" role=\"img\" aria-label=\"a &quot;title&quot;\" viewBox=\"0 0 720 "
        "300\">"
        "<g stroke-width=\"3.00\" fill=\"none\"><path class=\"color1\" d=\"M1,2 L3.5,4 \"/></g>"
        "<g transform=\"translate(7.25,8.00)\" text-anchor=\"end\"><text>GET /&lt;b&gt;</text>"
        "<text>5 %</text><text></text></g>"
        "<circle class=\"filled color4\" cx=\"1.00\" cy=\"2.00\" r=\"4.50\"/></svg>");
}

Test(html, pictures_that_are_none)
{
    static const char *const refused[] = {
        "",
        "text",
        "<svg viewBox='0 0 1 1'>",
        "<svg viewBox='0 0 1 1'></svg>",
        "<svg viewBox='0 0 nan 1'><path d='M0,0'/></svg>",
        "<svg><path d='M0,0'/></svg>",
        "<svg viewBox='0 0 1 1'><path d='M0,0'/></g>",
        "<svg viewBox='0 0 1 1'><path d='M0,0'/></svg",
        "<svg viewBox='0 0 1 1'><path d='M0,0/></svg>",
        "<svg viewBox='0 0 1 1'><path d/></svg>",
        "<svg viewBox='0 0 1 1'><path d='url(x)'/></svg>",
        "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox='0 0 1 1'><path d='M0,0'/></svg>",
        "<svg viewBox='0 0 1 1'><path d='M0,0'/><![CDATA[<script>]]></svg>",
        "<path d='M0,0'/>",
        "<g><path d='M0,0'/></g>",
        "<svg viewBox='0 0 1 1'><path d='M0,0'/></svg><svg viewBox='0 0 1 1'></svg>",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        cr_assert_not(clean(refused[i], &page), "%s", refused[i]);
}

Test(html, pictures_that_are_too_deep)
{
    struct buffer deep;
    buffer_init(&deep, 1 << 20);
    buffer_append_string(&deep, "<svg viewBox='0 0 1 1'>");
    for (int i = 0; i < 40; i++)
        buffer_append_string(&deep, "<g>");
    cr_assert_not(clean(buffer_text(&deep), &page));
    buffer_release(&deep);
}
