/* Any bytes in the place of gnuplot's picture: refused, or written anew as well-formed markup of
 * the few elements that there are. */
#include "reporters/plot_svg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const allowed[] = {"<svg ",  "</svg>",  "<g ",      "</g>", "<path ",
                                      "<text>", "</text>", "<circle ", "<g>"};

static void check(const char *text)
{
    while ((text = strchr(text, '<')) != NULL) {
        bool known = false;
        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
            known = known || strncmp(text, allowed[i], strlen(allowed[i])) == 0;
        if (!known)
            abort();
        text++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = {"GET /<script>", "\xff\033[31m"};
    static const struct plot_labels labels = {"a \"title\"", texts, 2};
    struct error err = {0};
    struct buffer out;
    buffer_init(&out, 4 * PLOT_SVG_MAX_BYTES);
    if (plot_svg_append(&out, (const char *)data, size, &labels, &err))
        check(buffer_text(&out));
    else if (err.code != ERROR_INPUT)
        abort();
    buffer_release(&out);
    return 0;
}
