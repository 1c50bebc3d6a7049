#include "rig/git_question.h"

#include "base/child.h"

enum { ERRORS_MAX_BYTES = 1 << 20 };

bool git_question_ask(const struct git_question *question, struct buffer *out, bool *answered,
                      struct error *err)
{
    const char *arguments[GIT_QUESTION_WORDS_MAX + 16] = {"git",
                                                          "--no-optional-locks",
                                                          "--no-replace-objects",
                                                          "-c",
                                                          "core.fsmonitor=false",
                                                          "-c",
                                                          "core.hooksPath=/dev/null",
                                                          "-C",
                                                          question->folder};
    size_t at = 9;
    for (size_t i = 0; question->words[i] != NULL; i++) {
        if (i == GIT_QUESTION_WORDS_MAX)
            BUG("too long a question for git");
        arguments[at++] = question->words[i];
    }
    struct child_options options = {.arguments = arguments,
                                    .stdin_fd = question->stdin_fd,
                                    .cpu = -1,
                                    .dies_with_parent = true};
    struct child_status status = {0};
    struct buffer errors;
    struct error local = {0};
    buffer_init(&errors, ERRORS_MAX_BYTES);
    bool ok = child_run(&options, GIT_QUESTION_TIMEOUT_MS, question->interrupt, out, &errors,
                        &status, &local);
    buffer_release(&errors);
    *answered = ok && !status.signalled && status.code == 0 && !out->failed;
    if (!ok && (local.code == ERROR_INTERRUPTED || local.code == ERROR_MEMORY))
        return error_set(err, local.code, "%s", local.text);
    return true;
}
