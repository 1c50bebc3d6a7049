#include "rig/publish.h"

#include "base/file.h"
#include "base/text.h"
#include "reporters/headline.h"
#include "reporters/markdown.h"
#include "reporters/order.h"
#include "reporters/words.h"
#include "rig/github_base.h"
#include "rig/github_check_run.h"
#include "rig/github_comment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TITLE_MAX_BYTES = 240,
    NOTE_ROOM_BYTES = 600,
    URL_MAX_BYTES = 400 /* room that the comment leaves */
};

/* Everything that one publishing holds; released in one place. */
struct publishing {
    const struct publish_settings *settings;
    struct github *github;
    const struct github_event *event;
    struct arena arena;
    struct github_pull pull;
    struct github_diff diff;
    struct run head, base;
    struct config config;
    bool has_config;
    const char *folder; /* of the base's config; removed at the end */
    struct terms terms;
    struct comparison comparison;
    bool has_comparison;
    struct insight insight;
    bool has_insight;
    struct report report;
    const char *details_url;
};

/* ---- input ----------------------------------------------------------------------------------- */

static bool read_runs(struct publishing *publishing, struct error *err)
{
    const struct publish_settings *settings = publishing->settings;
    return run_read(&publishing->head, settings->run_path, err) &&
           (settings->base_path == NULL || run_read(&publishing->base, settings->base_path, err));
}

/* The folder is gone when the reader sees the message: what he can look at is the commit. */
static void name_place(const char *folder, struct error *err)
{
    char where[sizeof err->where];
    size_t size = strlen(folder);
    if (strncmp(err->where, folder, size) != 0 || err->where[size] != '/')
        return;
    snprintf(where, sizeof where, "the base commit's %.480s", err->where + size + 1);
    memcpy(err->where, where, sizeof where);
}

/* Offline nobody can be asked what the base has. */
static bool read_config(struct publishing *publishing, struct error *err)
{
    const struct publish_settings *settings = publishing->settings;
    const char *path = settings->config;
    bool offline = publishing->github->settings.token == NULL;
    if ((path != NULL && strcmp(path, "none") == 0) || (path == NULL && offline))
        return true;
    if (path == NULL &&
        !github_base_fetch_config(&publishing->pull, publishing->github, settings->config_path,
                                  &publishing->arena, &publishing->folder, &path, err))
        return false;
    if (path == NULL) {
        run_add_note(&publishing->head,
                     "the base commit has no %s: judged by the default thresholds",
                     settings->config_path);
        return true;
    }
    publishing->has_config = config_read(&publishing->config, path, err);
    if (!publishing->has_config && publishing->folder != NULL)
        name_place(publishing->folder, err);
    return publishing->has_config;
}

/* Thresholds and the accept list are the base's, trailers the change's: see rig/terms.h. */
static bool find_terms(struct publishing *publishing, struct error *err)
{
    struct terms *terms = &publishing->terms;
    struct waiver_list listed;
    struct terms_question question = {.head = publishing->has_config ? &publishing->config : NULL};
    if (!terms_find(terms, &question, &publishing->head, &publishing->arena, err))
        return false;
    if (publishing->github->settings.token == NULL)
        return true;
    listed = terms->waivers;
    return github_base_read_trailers(&publishing->pull, publishing->github, &listed,
                                     &terms->waivers, &publishing->head, &publishing->arena, err);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool judge(struct publishing *publishing, struct error *err)
{
    const struct publish_settings *settings = publishing->settings;
    const struct run *base = settings->base_path != NULL ? &publishing->base : NULL;
    struct compare_options options = {.head = &publishing->head,
                                      .base = base,
                                      .gate = &publishing->terms.gate,
                                      .waivers = &publishing->terms.waivers,
                                      .today = publishing->terms.today};
    publishing->has_comparison = compare_runs(&publishing->comparison, &options, err);
    if (!publishing->has_comparison)
        return false;
    struct insight_question question = {.config =
                                            publishing->has_config ? &publishing->config : NULL,
                                        .head = &publishing->head,
                                        .base = base,
                                        .comparison = &publishing->comparison,
                                        .gate = &publishing->terms.gate};
    publishing->has_insight = insight_find(&publishing->insight, &question, err);
    if (!publishing->has_insight)
        return false;
    const struct insight *insight = &publishing->insight;
    if (insight->note != NULL)
        run_add_note(&publishing->head, "%s", insight->note);
    publishing->report = (struct report){
        .head = &publishing->head,
        .base = base,
        .comparison = &publishing->comparison,
        .gate = &publishing->terms.gate,
        .exit_code = comparison_exit_code(&publishing->comparison, settings->allow_inconclusive),
        .choice = {.profile = PROFILE_KIND_COUNT,
                   .key = settings->key,
                   .mention = settings->mention},
        .owners = insight->has_owners ? &insight->owners : NULL,
        .cost = &insight->cost};
    return true;
}

bool publish_may_create(enum publish_when when, const struct comparison *comparison)
{
    bool bad = comparison->invalid || comparison->verdict == VERDICT_REGRESSED ||
               comparison->verdict == VERDICT_INCONCLUSIVE;
    if (when == PUBLISH_ALWAYS || bad)
        return true;
    for (size_t i = 0; when == PUBLISH_CHANGE && i < comparison->endpoint_count; i++) {
        const struct endpoint_verdict *endpoint = &comparison->endpoints[i];
        if (endpoint->verdict == VERDICT_IMPROVED || endpoint->accepted != NULL ||
            (comparison->has_base && endpoint->presence != ENDPOINT_BOTH))
            return true;
    }
    return false;
}

/* A check that has to pass takes "neutral" for passed, which inconclusive is not unless allowed. */
const char *publish_conclusion(const struct comparison *comparison, bool allow_inconclusive)
{
    if (comparison->invalid)
        return "failure";
    switch (comparison->verdict) {
    case VERDICT_REGRESSED:
        return "failure";
    case VERDICT_INCONCLUSIVE:
        return allow_inconclusive ? "neutral" : "failure";
    case VERDICT_NONE:
        return "neutral";
    case VERDICT_PASSED:
    case VERDICT_IMPROVED:
        break;
    }
    return "success";
}

/* ---- the comment ----------------------------------------------------------------------------- */

static void print_url(const char *what, const char *url)
{
    struct buffer safe;
    buffer_init(&safe, 1 << 16);
    text_append_safe(&safe, url, strlen(url), false);
    printf("%s%s%s\n", what, safe.length > 0 ? ": " : "", buffer_text(&safe));
    buffer_release(&safe);
}

/* A link that a reader can follow, and no more than a link. */
static bool is_link(const char *url)
{
    return strncmp(url, "https://", 8) == 0 && strlen(url) <= URL_MAX_BYTES &&
           strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                       "-._~:/?#=&%+") == strlen(url);
}

static bool write_comment_text(const struct publishing *publishing, struct buffer *text,
                               struct error *err)
{
    const struct reporter *markdown = reporter_by_name("markdown");
    struct report_style style = {.columns = 80, .utf8 = true};
    if (!markdown->write(&publishing->report, &style, text, err))
        return false;
    if (publishing->details_url != NULL)
        buffer_append_format(text, "\n[The run that measured this](%s)\n", publishing->details_url);
    return buffer_check(text, err);
}

static bool send_comment(const struct publishing *publishing, const char *body, const char *marker,
                         struct error *err)
{
    static const char *const words[] = {[GITHUB_COMMENT_CREATED] = "created the comment",
                                        [GITHUB_COMMENT_UPDATED] = "updated the comment",
                                        [GITHUB_COMMENT_SAME] = "the comment says so already",
                                        [GITHUB_COMMENT_NOT_NEW] =
                                            "nothing to comment on (--when)"};
    const struct publish_settings *settings = publishing->settings;
    struct github_comment comment = {
        .body = body,
        .marker = marker,
        .may_create = publish_may_create(settings->when, &publishing->comparison)};
    enum github_comment_outcome outcome;
    char url[GITHUB_URL_SIZE] = "";
    if (publishing->github->settings.token == NULL) {
        printf("would comment:\n%s\n", body);
        return true;
    }
    if (!github_comment_publish(&comment, &publishing->pull, publishing->github, &outcome, url,
                                err))
        return false;
    if (!publishing->github->settings.dry_run)
        print_url(words[outcome], url);
    else if (outcome == GITHUB_COMMENT_SAME || outcome == GITHUB_COMMENT_NOT_NEW)
        printf("would send no comment: %s\n", words[outcome]);
    return true;
}

static bool publish_comment(const struct publishing *publishing, struct error *err)
{
    struct buffer text, marker;
    buffer_init(&text, 1 << 22);
    buffer_init(&marker, 1 << 12);
    markdown_append_marker_start(&marker, &publishing->report);
    bool ok = buffer_check(&marker, err) && write_comment_text(publishing, &text, err) &&
              send_comment(publishing, buffer_text(&text), buffer_text(&marker), err);
    buffer_release(&text);
    buffer_release(&marker);
    return ok;
}

/* ---- the check run --------------------------------------------------------------------------- */

static bool write_title(const struct publishing *publishing, struct buffer *title,
                        struct error *err)
{
    const struct comparison *comparison = &publishing->comparison;
    const struct endpoint_verdict **order = order_endpoints(comparison, err);
    if (order == NULL)
        return false;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    if (comparison->invalid) {
        buffer_append_string(&text, "INVALID: ");
        headline_append_invalid(&text, &publishing->report, order, true);
    } else {
        buffer_append_format(&text, "%s: ", headline_word(comparison));
        headline_append(&text, &publishing->report, order, true);
    }
    free(order);
    words_append_cut(title, buffer_text(&text), TITLE_MAX_BYTES, false);
    bool ok = buffer_check(&text, err) && buffer_check(title, err);
    buffer_release(&text);
    return ok;
}

static bool write_summary(const struct publishing *publishing,
                          const struct github_annotations *annotations, struct buffer *summary,
                          struct error *err)
{
    struct markdown_options options = {.max_bytes = MARKDOWN_COMMENT_MAX_BYTES - NOTE_ROOM_BYTES};
    if (!markdown_append(summary, &publishing->report, &options, err))
        return false;
    if (annotations->unplaced > 0)
        buffer_append_format(summary,
                             "\n%zu finding%s without an annotation: no line of the gateway's own "
                             "sources is known for %s.\n",
                             annotations->unplaced, annotations->unplaced == 1 ? "" : "s",
                             annotations->unplaced == 1 ? "it" : "them");
    if (annotations->left_off > 0)
        buffer_append_format(summary,
                             "\nAnnotations are those of the %zu worst places; %zu more "
                             "are left off.\n",
                             annotations->count, annotations->left_off);
    return buffer_check(summary, err);
}

static bool send_check(const struct publishing *publishing, const struct github_check_run *check,
                       struct error *err)
{
    static const char *const words[] = {[GITHUB_CHECK_CREATED] = "created the check run",
                                        [GITHUB_CHECK_COMPLETED] = "completed the check run",
                                        [GITHUB_CHECK_SAME] = "the check run says so already"};
    enum github_check_outcome outcome;
    char why[512] = "";
    if (publishing->github->settings.token == NULL) {
        printf("would conclude %s with %zu annotation%s: %s\n", check->conclusion,
               check->annotations->count, check->annotations->count == 1 ? "" : "s", check->title);
        return true;
    }
    if (!github_check_run_publish(check, &publishing->pull, publishing->github, &outcome, why, err))
        return false;
    if (outcome == GITHUB_CHECK_REFUSED)
        fprintf(stderr,
                "tollgate: no check run was written (%s): the comment alone was published; a job's "
                "token writes checks with `permissions: checks: write`, a person's never does\n",
                why);
    else if (!publishing->github->settings.dry_run)
        printf("%s with %zu annotation%s\n", words[outcome], check->annotations->count,
               check->annotations->count == 1 ? "" : "s");
    return true;
}

static bool publish_check(const struct publishing *publishing, struct error *err)
{
    const struct publish_settings *settings = publishing->settings;
    struct github_annotations annotations;
    struct buffer title, summary;
    char name[MARKDOWN_KEY_MAX_BYTES + 16];
    snprintf(name, sizeof name, "tollgate%s%s", settings->key != NULL ? " " : "",
             settings->key != NULL ? settings->key : "");
    if (!github_annotations_make(&annotations, &publishing->report, &publishing->diff, err))
        return false;
    buffer_init(&title, 1 << 12);
    buffer_init(&summary, 1 << 20);
    bool ok = write_title(publishing, &title, err) &&
              write_summary(publishing, &annotations, &summary, err);
    if (ok) {
        struct github_check_run check = {
            .name = name,
            .conclusion = publish_conclusion(&publishing->comparison, settings->allow_inconclusive),
            .title = buffer_text(&title),
            .summary = buffer_text(&summary),
            .details_url = publishing->details_url,
            .annotations = &annotations};
        ok = send_check(publishing, &check, err);
    }
    buffer_release(&title);
    buffer_release(&summary);
    github_annotations_release(&annotations);
    return ok;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* *go_on is false when there is nothing to publish to, which was said. */
static bool find_pull(struct publishing *publishing, bool *go_on, struct error *err)
{
    struct github_pull *pull = &publishing->pull;
    bool found = false;
    *go_on = false;
    if (publishing->event->foreign) {
        printf("nothing to publish: the event is about no pull request\n");
        return true;
    }
    if (!github_pull_find(pull, publishing->github, publishing->settings->repository,
                          publishing->event, &publishing->arena, &found, err))
        return false;
    if (!found)
        printf("nothing to publish: no open pull request has the head that was measured\n");
    else if (pull->moved)
        printf("nothing to publish: #%lld has moved on to %.12s since this was measured\n",
               (long long)pull->number, pull->head_commit);
    else if (pull->closed)
        printf("nothing to publish: #%lld is closed\n", (long long)pull->number);
    *go_on = found && !pull->moved && !pull->closed;
    if (*go_on && publishing->event->number_count > 1)
        fprintf(stderr, "tollgate: %zu pull requests have this head; publishing to #%lld\n",
                publishing->event->number_count, (long long)pull->number);
    pull->author = publishing->settings->author;
    return true;
}

static bool ask_github(struct publishing *publishing, struct error *err)
{
    struct github_pull *pull = &publishing->pull;
    return github_pull_find_author(pull, publishing->github, &publishing->arena, err) &&
           (!publishing->settings->check ||
            github_pull_read_diff(pull, publishing->github, &publishing->diff, err));
}

static bool publish(struct publishing *publishing, struct error *err)
{
    bool go_on = true, offline = publishing->github->settings.token == NULL;
    const char *url = publishing->settings->details_url != NULL ? publishing->settings->details_url
                                                                : publishing->event->url;
    publishing->details_url = url != NULL && is_link(url) ? url : NULL;
    if (publishing->settings->details_url != NULL && publishing->details_url == NULL)
        return error_set(err, ERROR_USAGE,
                         "--details-url must be an https address of at most %d plain characters",
                         URL_MAX_BYTES);
    if (!read_runs(publishing, err) || (!offline && !find_pull(publishing, &go_on, err)))
        return false;
    if (!go_on)
        return true;
    return (offline || ask_github(publishing, err)) && read_config(publishing, err) &&
           find_terms(publishing, err) && judge(publishing, err) &&
           publish_comment(publishing, err) &&
           (!publishing->settings->check || publish_check(publishing, err));
}

/* Removing what we made ourselves fails, if ever, behind what went wrong before. */
static void release(struct publishing *publishing)
{
    struct error ignored = {0};
    if (publishing->has_insight)
        insight_release(&publishing->insight);
    if (publishing->has_comparison)
        comparison_release(&publishing->comparison);
    if (publishing->has_config)
        config_release(&publishing->config);
    run_release(&publishing->head);
    run_release(&publishing->base);
    if (publishing->folder != NULL && !file_remove_tree(publishing->folder, &ignored))
        fprintf(stderr, "tollgate: cannot remove %s\n", publishing->folder);
    arena_release(&publishing->arena);
}

bool publish_github(const struct publish_settings *settings, struct github *github,
                    const struct github_event *event, struct error *err)
{
    struct publishing publishing = {.settings = settings, .github = github, .event = event};
    arena_init(&publishing.arena);
    publishing.diff.arena = &publishing.arena;
    run_init(&publishing.head);
    run_init(&publishing.base);
    bool ok = publish(&publishing, err);
    release(&publishing);
    return ok;
}
