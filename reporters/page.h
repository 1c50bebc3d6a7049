/* A page that stands alone: nothing is loaded from elsewhere, and its own policy forbids all but
 * the one style and the one script that are in it, each by its digest. */
#ifndef TOLLGATE_REPORTERS_PAGE_H
#define TOLLGATE_REPORTERS_PAGE_H

#include "base/buffer.h"

struct page {
    const char *title;
    const char *style;  /* trusted and of ours: holds neither "<" nor "&" */
    const char *script; /* likewise, without "]]>"; NULL = none */
};

/* From the doctype to <body>. */
void page_open(struct buffer *out, const struct page *page);

/* The script, and what is still open. */
void page_close(struct buffer *out, const struct page *page);

#endif
