#include "rig/init_write.h"

#include "rig/github_http.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- the config ------------------------------------------------------------------------------ */

static json_t *words_to_json(const struct init_command *command)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < INIT_WORDS_MAX && command->words[i] != NULL; i++)
        if (json_array_append_new(list, json_string(command->words[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool add_build(json_t *gateway, const struct init_guess *guess)
{
    if (guess->build_count == 0)
        return true;
    json_t *build = json_array();
    bool ok = json_object_set_new(gateway, "build", build) == 0;
    for (size_t i = 0; ok && i < guess->build_count; i++)
        ok = json_array_append_new(build, words_to_json(&guess->build[i])) == 0;
    return ok;
}

static bool add_gateway(json_t *root, const struct init_guess *guess)
{
    json_t *gateway = json_object();
    bool ok = json_object_set_new(root, "gateway", gateway) == 0 && add_build(gateway, guess) &&
              json_object_set_new(gateway, "start", words_to_json(&guess->start)) == 0;
    if (ok && guess->port_in_env)
        ok = json_object_set_new(gateway, "env", json_pack("{s:s}", "PORT", "${port}")) == 0;
    if (ok && guess->ready_path != NULL)
        ok = json_object_set_new(gateway, "ready", json_pack("{s:s}", "path", guess->ready_path)) ==
             0;
    return ok;
}

bool init_append_config(struct buffer *out, const struct init_guess *guess, struct error *err)
{
    json_auto_t *root = json_object();
    bool ok = root != NULL && add_gateway(root, guess) &&
              json_object_set_new(root, "corpus", json_string("corpus.jsonl")) == 0;
    if (ok && guess->openapi != NULL)
        ok = json_object_set_new(root, "endpoints",
                                 json_pack("{s:s}", "openapi", guess->openapi)) == 0;
    char *text = ok ? json_dumps(root, JSON_INDENT(2)) : NULL;
    if (text == NULL)
        return error_set_memory(err);
    buffer_append_format(out, "%s\n", text);
    free(text);
    return buffer_check(out, err);
}

/* ---- the workflows --------------------------------------------------------------------------- */

bool init_is_action(const char *text)
{
    char repository[256];
    const char *at = strchr(text, '@');
    if (at == NULL || (size_t)(at - text) >= sizeof repository)
        return false;
    memcpy(repository, text, (size_t)(at - text));
    repository[at - text] = '\0';
    size_t size = strlen(at + 1);
    return github_is_repository(repository) && size > 0 && size <= 100 &&
           strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

/* "owner/name/.github/actions/FOLDER@commit". */
static void append_uses(struct buffer *out, const char *action, const char *folder)
{
    size_t repository = strcspn(action, "@");
    buffer_append_format(out, "%.*s/.github/actions/%s%s", (int)repository, action, folder,
                         action + repository);
}

static const char measure_head[] =
    "# Weighs what a pull request costs. Anybody's pull request runs this, so it has no secret and "
    "no\n"
    "# right to write: it measures, and uploads one file, which tollgate-publish.yml publishes.\n"
    "name: tollgate\n"
    "\n"
    "on:\n"
    "  pull_request:\n"
    "\n"
    "permissions:\n"
    "  contents: read\n"
    "\n"
    "concurrency:\n"
    "  group: tollgate-${{ github.event.pull_request.number }}\n"
    "  cancel-in-progress: true\n"
    "\n"
    "jobs:\n"
    "  measure:\n"
    "    runs-on: ubuntu-24.04\n"
    "    timeout-minutes: 45\n"
    "    steps:\n"
    "      # v7.0.1\n"
    "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"
    "        with:\n"
    "          # Its own commits and not the merge with the base: lines are those of the diff.\n"
    "          ref: ${{ github.event.pull_request.head.sha }}\n"
    "          fetch-depth: 0\n"
    "          persist-credentials: false\n";

static const char publish_head[] =
    "# Publishes what tollgate.yml measured. This runs as the default branch has it and may write, "
    "so\n"
    "# it checks nothing out: it takes one file, which may come from anybody.\n"
    "name: tollgate-publish\n"
    "\n"
    "on:\n"
    "  workflow_run:\n"
    "    workflows: [tollgate]\n"
    "    types: [completed]\n"
    "\n"
    "permissions: {}\n"
    "\n"
    "concurrency:\n"
    "  group: tollgate-publish-${{ github.event.workflow_run.head_repository.full_name }}-${{ "
    "github.event.workflow_run.head_branch }}\n"
    "\n"
    "jobs:\n"
    "  publish:\n"
    "    if: >-\n"
    "      github.event.workflow_run.event == 'pull_request' &&\n"
    "      (github.event.workflow_run.conclusion == 'success' || "
    "github.event.workflow_run.conclusion == 'failure')\n"
    "    runs-on: ubuntu-24.04\n"
    "    timeout-minutes: 20\n"
    "    permissions:\n"
    "      actions: read\n"
    "      contents: read\n"
    "      pull-requests: write\n"
    "      checks: write\n"
    "    steps:\n"
    "      - id: take\n"
    "        continue-on-error: true # measuring may have failed before there was one\n"
    "        # v8.0.1\n"
    "        uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c\n"
    "        with:\n"
    "          name: tollgate-run\n"
    "          path: ${{ runner.temp }}/tollgate-run\n"
    "          run-id: ${{ github.event.workflow_run.id }}\n"
    "          github-token: ${{ github.token }}\n"
    "      - if: steps.take.outcome == 'success'\n"
    "        uses: ";

void init_append_measure(struct buffer *out, const struct init_guess *guess, const char *action)
{
    buffer_append_string(out, measure_head);
    if (guess->toolchain != NULL)
        buffer_append_format(out, "      # Set %s up here as your other workflows do.\n",
                             guess->toolchain);
    buffer_append_string(out, "      - uses: ");
    append_uses(out, action, "tollgate");
    buffer_append_string(out, "\n        with:\n          config: tollgate.json\n");
}

void init_append_publish(struct buffer *out, const char *action)
{
    buffer_append_string(out, publish_head);
    append_uses(out, action, "publish");
    buffer_append_string(out, "\n        with:\n"
                              "          run: ${{ runner.temp }}/tollgate-run/run.json\n"
                              "          config-path: tollgate.json\n");
}
