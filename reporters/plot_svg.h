/* gnuplot's SVG, taken apart and written anew: groups, paths, texts and round points, with numbers
 * for attributes, and nothing else. No identifiers, no references, no styles, no colours: the color
 * rgb(0,0,N) becomes the class "colorN", which the page's own style gives a colour. */
#ifndef TOLLGATE_REPORTERS_PLOT_SVG_H
#define TOLLGATE_REPORTERS_PLOT_SVG_H

#include "base/buffer.h"

struct plot_labels {
    const char *title;        /* for who does not see the picture */
    const char *const *texts; /* of "@0", "@1", ...; hostile */
    size_t count;
};

enum { PLOT_SVG_MAX_BYTES = 4 << 20, PLOT_SVG_COLORS = 5 };

/* Fails with ERROR_INPUT for what is no such SVG; then something may have been appended, so append
 * to a buffer of its own. */
MUST_CHECK bool plot_svg_append(struct buffer *out, const char *svg, size_t size,
                                const struct plot_labels *labels, struct error *err);

#endif
