#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80, MAX_COLUMNS = 10000 };

bool terminal_parse_color(const char *text, enum color_choice *choice)
{
    static const char *const names[] = {
        [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *choice = (enum color_choice)i;
            return true;
        }
    }
    return false;
}

/* A variable set to the empty string counts as unset, as the conventions have it. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static int find_columns(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *text = environment("COLUMNS");
    if (text == NULL)
        return DEFAULT_COLUMNS;
    char *end = NULL;
    long columns = strtol(text, &end, 10);
    return *end == '\0' && columns > 0 && columns <= MAX_COLUMNS ? (int)columns : DEFAULT_COLUMNS;
}

static bool find_color(bool interactive, enum color_choice choice)
{
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    if (environment("NO_COLOR") != NULL)
        return false;
    const char *force = environment("CLICOLOR_FORCE");
    if (force != NULL && strcmp(force, "0") != 0)
        return true;
    const char *term = environment("TERM");
    return interactive && term != NULL && strcmp(term, "dumb") != 0;
}

static bool find_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *locale = environment(names[i]);
        if (locale != NULL)
            return strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL;
    }
    return false;
}

void terminal_probe(struct terminal *terminal, int fd, enum color_choice choice)
{
    bool interactive = isatty(fd) == 1;
    *terminal = (struct terminal){
        .interactive = interactive,
        .columns = find_columns(fd),
        .color = find_color(interactive, choice),
        .utf8 = find_utf8(),
    };
}

void terminal_append_styled(struct buffer *out, bool color, struct text_style style,
                            const char *text)
{
    bool plain = style.hue == HUE_NONE && !style.bold && !style.dim;
    if (!color || plain || *text == '\0') {
        buffer_append_string(out, text);
        return;
    }
    const char *between = "";
    buffer_append_string(out, "\033[");
    if (style.bold) {
        buffer_append_string(out, "1");
        between = ";";
    }
    if (style.dim) {
        buffer_append_format(out, "%s2", between);
        between = ";";
    }
    if (style.hue != HUE_NONE)
        buffer_append_format(out, "%s%d", between, (int)style.hue);
    buffer_append_format(out, "m%s\033[0m", text);
}
