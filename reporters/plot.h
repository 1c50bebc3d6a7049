/* Plots by gnuplot, run as a program with its commands and data on standard input; never a shell,
 * nothing of ours written to disk, no settings of the user's read.
 *
 * gnuplot's own language can start programs, so no text from outside ever goes in: a label in the
 * commands is "@3", and stands for the label of that number in what comes out. What comes out is
 * not trusted either: see plot_svg.h. */
#ifndef TOLLGATE_REPORTERS_PLOT_H
#define TOLLGATE_REPORTERS_PLOT_H

#include "reporters/plot_svg.h"

/* Appends the picture. *why says in words why there is none, into `why`, "" when there is one: that
 * is no error, the page is complete without. False only when out of memory. */
enum { PLOT_WHY_SIZE = 400 };
MUST_CHECK bool plot_append(struct buffer *out, const char *commands,
                            const struct plot_labels *labels, char why[static PLOT_WHY_SIZE],
                            struct error *err);

#endif
