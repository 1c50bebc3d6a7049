/* How the parts of a flame graph are named, in its picture, its table and its data. */
#ifndef TOLLGATE_REPORTERS_FLAME_WORDS_H
#define TOLLGATE_REPORTERS_FLAME_WORDS_H

#include "reporters/flame_view.h"

enum { FLAME_NAME_MAX_BYTES = 400 }; /* what is longer ends with an ellipsis */

/* Text from outside, made safe and cut. */
void flame_append_short(struct buffer *out, const char *text, size_t max_bytes);

/* Releases a text that was put together for `out`, which has failed if the text has. */
void flame_release_text(struct buffer *out, struct buffer *text);

/* "rank_score", "[libc.so.6]", "line 71" below a function, "all endpoints", "small ones". */
void flame_append_name(struct buffer *out, const struct flame_tree *tree, uint32_t node);

/* "gateway/feed.c:71 and 2 more lines, gateway"; nothing when nothing is known. */
void flame_append_place(struct buffer *out, const struct flame_tree *tree, uint32_t node);

/* "12.3 µs" in the unit of the view, "0". */
void flame_format(const struct flame_view *view, double value, char text[static 48]);

/* "+12 %", "new", "gone", "=". */
void flame_append_change(struct buffer *out, double head, double base);

/* Of whom the frame is: "own", "kernel", "library", "small", "root". */
const char *flame_class(const struct flame_tree *tree, uint32_t node);

/* "HEAD 4f2a9c1", for the sides of a run. */
void flame_append_side(struct buffer *out, const struct run_side *side);

#endif
