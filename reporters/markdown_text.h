/* Text from outside in GitHub's and GitLab's Markdown. Whatever it holds comes out as text: no
 * markup, no HTML, no link, no mention of a person and no reference to an issue, in any renderer.
 * What may be more than text becomes code, since inside code nothing is looked for; a backtick
 * there, which would end it, is spelt out, as are control characters, bidirectional overrides and
 * what is no UTF-8. */
#ifndef TOLLGATE_REPORTERS_MARKDOWN_TEXT_H
#define TOLLGATE_REPORTERS_MARKDOWN_TEXT_H

#include "base/buffer.h"

enum { MARKDOWN_NAME_MAX_BYTES = 160 };

/* As code, on one line, of at most `most` bytes before backticks and pipes are spelt out; also
 * within a table's cell. */
void markdown_append_code(struct buffer *out, const char *text, size_t most);

/* A name as code. */
void markdown_append_name(struct buffer *out, const char *name);

/* A sentence on one line: words that may be more than text become code. */
void markdown_append_words(struct buffer *out, const char *text, size_t most);

/* Lines as they are, already made safe, as a block of code with an empty line before and after. */
void markdown_append_block(struct buffer *out, const char *text);

#endif
