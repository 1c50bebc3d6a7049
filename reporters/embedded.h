/* Texts that are part of the program; cmake/embed.cmake makes them of the files beside this one. */
#ifndef TOLLGATE_REPORTERS_EMBEDDED_H
#define TOLLGATE_REPORTERS_EMBEDDED_H

extern const char embedded_flame_css[], embedded_flame_js[];
extern const char embedded_html_css[], embedded_html_js[];

#endif
