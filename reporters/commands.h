/* Workflow commands: lines on standard output that a job's runner obeys. Ours are written here, and
 * those of others, who may have named an endpoint or a function "::error::", are made harmless. A
 * runner takes a line for a command that begins with "::", after spaces, and one that has "##[" in
 * any place. */
#ifndef TOLLGATE_REPORTERS_COMMANDS_H
#define TOLLGATE_REPORTERS_COMMANDS_H

#include "base/buffer.h"

/* The text behind the second "::", and the value of a property before it: one line, whatever the
 * text holds. */
void commands_append_data(struct buffer *out, const char *text);
void commands_append_property(struct buffer *out, const char *text);

/* Replaces each `what` in `text` from `begin` on. */
void commands_replace(struct buffer *text, size_t begin, const char *what, const char *with);

/* Makes plain text harmless, from `begin` on: a backslash before what would be a command. */
void commands_defuse_text(struct buffer *text, size_t begin);

/* The same without changing what a reader of the JSON or the XML gets. Lines of JSON begin with no
 * text of others, and base/markup.h sees to those of XML. */
void commands_defuse_json(struct buffer *text, size_t begin);
void commands_defuse_xml(struct buffer *text, size_t begin);

#endif
