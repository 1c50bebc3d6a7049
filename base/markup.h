/* HTML and SVG, written through one place that escapes. A document is well-formed XML too: every
 * element is closed, attributes are quoted. Text from outside comes out as text whatever it holds:
 * control characters, bidirectional overrides and bytes that are not UTF-8 become visible escapes,
 * as text_append_safe has them; newlines and tabs stay. No line of it begins with "::", which is
 * how the runner of a job knows a command. */
#ifndef TOLLGATE_BASE_MARKUP_H
#define TOLLGATE_BASE_MARKUP_H

#include "base/buffer.h"

/* Text between elements, and between the quotes of an attribute. */
void markup_append_text(struct buffer *out, const char *text);
void markup_append_text_bytes(struct buffer *out, const char *text, size_t size);

/* <name a="1" b="two"> with a NULL-terminated list of name, value pairs; a NULL value leaves its
 * attribute out. Names are our own and not escaped. */
void markup_open(struct buffer *out, const char *name, ...) __attribute__((sentinel));
void markup_close(struct buffer *out, const char *name);

/* The same as an element without content: <name a="1"/>. */
void markup_empty(struct buffer *out, const char *name, ...) __attribute__((sentinel));

/* An element around one text. */
void markup_element(struct buffer *out, const char *name, const char *text, ...)
    __attribute__((sentinel));

/* A JSON document inside a <script type="application/json">: "<", ">", "&" and the line separators
 * come out as \uXXXX, so that nothing in it ends the element. */
void markup_append_json(struct buffer *out, const char *json);

#endif
