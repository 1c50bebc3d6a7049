#include "reporters/plot_svg.h"

#include "base/markup.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, ATTRIBUTES_MAX = 32, NUMBER_SIZE = 48, TEXT_MAX_BYTES = 64 };

static const double FARTHEST = 1e6; /* of a coordinate */

struct slice {
    const char *text;
    size_t size;
};

struct attribute {
    struct slice name, value;
};

/* What an open element has become; NULL = left out, with all that is in it. */
struct reader {
    const char *at, *end;
    struct buffer *out;
    const struct plot_labels *labels;
    struct slice names[DEPTH_MAX];
    const char *written[DEPTH_MAX];
    size_t depth;
    size_t left_out; /* depth at which something was left out; 0 = nothing is */
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t attribute_count;
    bool drawn;
};

static bool refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_INPUT, "gnuplot's picture is not as expected: %s", what);
}

static bool is(struct slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.text, text, slice.size) == 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL &&
           *reader->at != '\0')
        reader->at++;
}

static struct slice read_name(struct reader *reader)
{
    const char *begin = reader->at;
    while (reader->at < reader->end && (isalnum((unsigned char)*reader->at) || *reader->at == ':' ||
                                        *reader->at == '-' || *reader->at == '_'))
        reader->at++;
    return (struct slice){begin, (size_t)(reader->at - begin)};
}

static bool read_attribute(struct reader *reader, struct error *err)
{
    struct attribute one = {.name = read_name(reader)};
    skip_space(reader);
    if (one.name.size == 0 || reader->at >= reader->end || *reader->at != '=')
        return refuse(err, "an attribute without a value");
    reader->at++;
    skip_space(reader);
    if (reader->at >= reader->end || (*reader->at != '"' && *reader->at != '\''))
        return refuse(err, "an attribute without quotes");
    char quote = *reader->at++;
    const char *close = memchr(reader->at, quote, (size_t)(reader->end - reader->at));
    if (close == NULL)
        return refuse(err, "an attribute without an end");
    if (reader->attribute_count == ATTRIBUTES_MAX)
        return refuse(err, "too many attributes");
    one.value = (struct slice){reader->at, (size_t)(close - reader->at)};
    reader->attributes[reader->attribute_count++] = one;
    reader->at = close + 1;
    return true;
}

/* From behind the name to behind the ">"; *empty tells of a "/" before it. */
static bool read_attributes(struct reader *reader, bool *empty, struct error *err)
{
    *empty = false;
    reader->attribute_count = 0;
    for (;;) {
        skip_space(reader);
        if (reader->at >= reader->end)
            return refuse(err, "a tag without an end");
        if (*reader->at == '>') {
            reader->at++;
            return true;
        }
        if (*reader->at == '/' && reader->at + 1 < reader->end && reader->at[1] == '>') {
            reader->at += 2;
            *empty = true;
            return true;
        }
        if (!read_attribute(reader, err))
            return false;
    }
}

/* ---- attributes ------------------------------------------------------------------------------ */

static const struct slice *find(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->attribute_count; i++)
        if (is(reader->attributes[i].name, name))
            return &reader->attributes[i].value;
    return NULL;
}

/* A number at *at, which is moved behind it and one comma or spaces. False when there is none. */
static bool take_number(struct slice *at, double *number)
{
    char text[NUMBER_SIZE];
    size_t size = 0;
    while (at->size > 0 && (*at->text == ' ' || *at->text == ','))
        at->text++, at->size--;
    while (size < at->size && size < sizeof text - 1 && strchr("0123456789.+-", at->text[size]) &&
           at->text[size] != '\0') {
        text[size] = at->text[size];
        size++;
    }
    text[size] = '\0';
    char *end = text;
    *number = strtod(text, &end);
    at->text += size;
    at->size -= size;
    return size > 0 && *end == '\0' && isfinite(*number) && fabs(*number) <= FARTHEST;
}

static bool take_word(struct slice *at, const char *word)
{
    size_t size = strlen(word);
    while (at->size > 0 && (*at->text == ' ' || *at->text == ','))
        at->text++, at->size--;
    if (at->size < size || memcmp(at->text, word, size) != 0)
        return false;
    at->text += size;
    at->size -= size;
    return true;
}

static const char *write_number(double number, char text[static NUMBER_SIZE])
{
    snprintf(text, NUMBER_SIZE, "%.2f", number);
    return text;
}

/* The class that a colour becomes. */
static const char *class_of(const struct slice *color)
{
    static const char *const classes[PLOT_SVG_COLORS] = {"color1", "color2", "color3", "color4",
                                                         "color5"};
    double red, green, blue;
    if (color == NULL)
        return NULL;
    struct slice at = *color;
    if (is(at, "gray") || is(at, "grey"))
        return "grid";
    if (take_word(&at, "rgb(") && take_number(&at, &red) && take_number(&at, &green) &&
        take_number(&at, &blue) && red == 0 && green == 0 && blue >= 1 && blue <= PLOT_SVG_COLORS &&
        blue == floor(blue))
        return classes[(size_t)blue - 1];
    return "ink";
}

/* A path is letters and numbers. */
static bool is_path(const struct slice *path)
{
    for (size_t i = 0; i < path->size; i++)
        if (strchr("MLHVmlhvzZ0123456789.,+- \t\r\n", path->text[i]) == NULL ||
            path->text[i] == '\0')
            return false;
    return path->size > 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_svg(struct reader *reader, struct error *err)
{
    char box[128];
    double numbers[4] = {0};
    const struct slice *view = find(reader, "viewBox");
    struct slice at = view != NULL ? *view : (struct slice){"", 0};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!take_number(&at, &numbers[i]))
            return refuse(err, "no size");
    snprintf(box, sizeof box, "%.0f %.0f %.0f %.0f", numbers[0], numbers[1], numbers[2],
             numbers[3]);
    markup_open(reader->out, "svg", "class", "plot", "role", "img", "aria-label",
                reader->labels->title, "viewBox", box, NULL);
    return true;
}

static void write_group(struct reader *reader)
{
    char transform[2 * NUMBER_SIZE + 16], width[NUMBER_SIZE];
    const char *anchor = NULL;
    double x, y, thickness;
    const struct slice *moved = find(reader, "transform"), *wide = find(reader, "stroke-width");
    const struct slice *anchored = find(reader, "text-anchor");
    struct slice at = moved != NULL ? *moved : (struct slice){"", 0};
    bool moves = take_word(&at, "translate(") && take_number(&at, &x) && take_number(&at, &y);
    if (moves)
        snprintf(transform, sizeof transform, "translate(%.2f,%.2f)", x, y);
    at = wide != NULL ? *wide : (struct slice){"", 0};
    bool drawn = take_number(&at, &thickness) && thickness >= 0;
    if (anchored != NULL)
        anchor = is(*anchored, "end") ? "end" : is(*anchored, "middle") ? "middle" : "start";
    markup_open(reader->out, "g", "transform", moves ? transform : NULL, "stroke-width",
                drawn ? write_number(thickness, width) : NULL, "text-anchor", anchor, "fill",
                anchor == NULL ? "none" : NULL, NULL);
}

static void write_path(struct reader *reader)
{
    struct buffer path;
    const struct slice *drawn = find(reader, "d"), *dashes = find(reader, "stroke-dasharray");
    if (drawn == NULL || !is_path(drawn))
        return;
    buffer_init(&path, PLOT_SVG_MAX_BYTES);
    buffer_append(&path, drawn->text, drawn->size);
    markup_empty(reader->out, "path", "class", class_of(find(reader, "stroke")), "stroke-dasharray",
                 dashes != NULL ? "2 4" : NULL, "d", buffer_text(&path), NULL);
    reader->out->failed |= path.failed;
    buffer_release(&path);
    reader->drawn = true;
}

/* A point of gnuplot's is a reference to a circle: here it is one. */
static void write_point(struct reader *reader)
{
    char class[32], cx[NUMBER_SIZE], cy[NUMBER_SIZE], r[NUMBER_SIZE];
    double x, y, radius;
    const struct slice *shape = find(reader, "xlink:href"), *moved = find(reader, "transform");
    const char *color = class_of(find(reader, "color"));
    struct slice at = moved != NULL ? *moved : (struct slice){"", 0};
    bool filled = shape != NULL && is(*shape, "#gpPt6");
    if (shape == NULL || (!filled && !is(*shape, "#gpPt5")))
        return;
    if (!take_word(&at, "translate(") || !take_number(&at, &x) || !take_number(&at, &y) ||
        !take_word(&at, ")") || !take_word(&at, "scale(") || !take_number(&at, &radius) ||
        radius < 0)
        return;
    snprintf(class, sizeof class, "%s %s", filled ? "filled" : "hollow",
             color != NULL ? color : "ink");
    markup_empty(reader->out, "circle", "class", class, "cx", write_number(x, cx), "cy",
                 write_number(y, cy), "r", write_number(radius, r), NULL);
    reader->drawn = true;
}

/* A number of ours in the place of a label, or a short text such as a tick has. */
static void write_text(struct reader *reader, struct slice text)
{
    while (text.size > 0 && isspace((unsigned char)*text.text))
        text.text++, text.size--;
    while (text.size > 0 && isspace((unsigned char)text.text[text.size - 1]))
        text.size--;
    if (text.size == 0 || text.size > TEXT_MAX_BYTES)
        return;
    if (*text.text != '@') {
        markup_append_text_bytes(reader->out, text.text, text.size);
        return;
    }
    size_t number = 0;
    for (size_t i = 1; i < text.size; i++) {
        if (!isdigit((unsigned char)text.text[i]) || number > reader->labels->count)
            return;
        number = 10 * number + (size_t)(text.text[i] - '0');
    }
    if (text.size > 1 && number < reader->labels->count)
        markup_append_text(reader->out, reader->labels->texts[number]);
}

/* ---- elements -------------------------------------------------------------------------------- */

static bool open_element(struct reader *reader, struct slice name, bool empty, struct error *err)
{
    const char *written = NULL;
    bool outside = reader->depth == 0;
    if (outside && (!is(name, "svg") || empty || reader->drawn))
        return refuse(err, "it is no picture");
    if (reader->left_out == 0 && is(name, "path"))
        write_path(reader);
    else if (reader->left_out == 0 && is(name, "use"))
        write_point(reader);
    else if (reader->left_out == 0 && !empty && outside)
        written = "svg";
    else if (reader->left_out == 0 && !empty && is(name, "g"))
        written = "g";
    else if (reader->left_out == 0 && !empty && is(name, "text"))
        written = "text";
    if (empty)
        return true;
    if (reader->depth == DEPTH_MAX)
        return refuse(err, "it is too deep");
    reader->names[reader->depth] = name;
    reader->written[reader->depth++] = written;
    if (written == NULL && reader->left_out == 0)
        reader->left_out = reader->depth;
    if (written == NULL)
        return true;
    if (outside)
        return write_svg(reader, err);
    if (is(name, "g"))
        write_group(reader);
    else
        markup_open(reader->out, "text", NULL);
    return true;
}

static bool close_element(struct reader *reader, struct error *err)
{
    struct slice name = read_name(reader);
    skip_space(reader);
    if (reader->at >= reader->end || *reader->at != '>')
        return refuse(err, "a tag without an end");
    reader->at++;
    if (reader->depth == 0)
        return refuse(err, "tags that do not match");
    struct slice open = reader->names[--reader->depth];
    if (open.size != name.size || memcmp(open.text, name.text, name.size) != 0)
        return refuse(err, "tags that do not match");
    if (reader->left_out > reader->depth)
        reader->left_out = 0;
    if (reader->written[reader->depth] != NULL)
        markup_close(reader->out, reader->written[reader->depth]);
    return true;
}

/* "<?xml ...?>" and comments; a document type or CDATA is refused: gnuplot writes none. */
static bool skip_other(struct reader *reader, struct error *err)
{
    const char *close = *reader->at == '?' ? "?>" : "-->";
    if (*reader->at == '!' && (reader->end - reader->at < 3 || memcmp(reader->at, "!--", 3) != 0))
        return refuse(err, "a declaration");
    const char *end = memmem(reader->at, (size_t)(reader->end - reader->at), close, strlen(close));
    if (end == NULL)
        return refuse(err, "a comment without an end");
    reader->at = end + strlen(close);
    return true;
}

static bool read_tag(struct reader *reader, struct error *err)
{
    bool empty = false;
    if (reader->at >= reader->end)
        return refuse(err, "a tag without an end");
    if (*reader->at == '?' || *reader->at == '!')
        return skip_other(reader, err);
    if (*reader->at == '/') {
        reader->at++;
        return close_element(reader, err);
    }
    struct slice name = read_name(reader);
    if (name.size == 0)
        return refuse(err, "a tag without a name");
    return read_attributes(reader, &empty, err) && open_element(reader, name, empty, err);
}

bool plot_svg_append(struct buffer *out, const char *svg, size_t size,
                     const struct plot_labels *labels, struct error *err)
{
    struct reader reader = {.at = svg, .end = svg + size, .out = out, .labels = labels};
    if (size > PLOT_SVG_MAX_BYTES)
        return refuse(err, "it is too large");
    while (reader.at < reader.end && !out->failed) {
        const char *tag = memchr(reader.at, '<', (size_t)(reader.end - reader.at));
        struct slice text = {reader.at, (size_t)((tag != NULL ? tag : reader.end) - reader.at)};
        if (reader.depth > 0 && reader.left_out == 0 && is(reader.names[reader.depth - 1], "text"))
            write_text(&reader, text);
        reader.at = tag != NULL ? tag + 1 : reader.end;
        if (tag != NULL && !read_tag(&reader, err))
            return false;
    }
    if (!buffer_check(out, err))
        return false;
    if (reader.depth > 0)
        return refuse(err, "it ends in the middle");
    return reader.drawn || refuse(err, "nothing is drawn");
}
