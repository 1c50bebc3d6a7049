#include "replay/http_parse.h"

#include "base/text.h"
#include "replay/url.h"
#include "replay/wire.h"

#include <string.h>
#include <strings.h>

/* The rest of a message, and what reading it needs. */
struct cursor {
    const char *at;
    const char *end;
    struct arena *arena;
    struct http_notes *notes;
};

static enum http_result wrong(struct cursor *cursor, const char *problem)
{
    if (cursor->notes->problem == NULL)
        cursor->notes->problem = problem;
    return HTTP_WRONG;
}

/* Steps over a line; false when none ends here. */
static bool next_line(struct cursor *cursor, const char **line, size_t *size)
{
    const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
    if (newline == NULL)
        return false;
    *line = cursor->at;
    *size = (size_t)(newline - cursor->at);
    if (*size > 0 && (*line)[*size - 1] == '\r')
        --*size;
    cursor->at = newline + 1;
    return true;
}

static bool is_protocol(const char *text, size_t size)
{
    return size == 8 && memcmp(text, "HTTP/1.", 7) == 0 && text[7] >= '0' && text[7] <= '9';
}

static const char *protocol_of(const char *text)
{
    return text[7] == '0' ? "HTTP/1.0" : "HTTP/1.1";
}

/* ISO 8859-1 to UTF-8: each byte is the character of its number. */
static char *copy_latin1(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_alloc_array(arena, size + 1, 2);
    size_t used = 0;
    for (size_t i = 0; copy != NULL && i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) {
            copy[used++] = (char)c;
        } else {
            copy[used++] = (char)(0xc0 | (c >> 6));
            copy[used++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return copy;
}

static enum http_result read_value(struct cursor *cursor, const char *text, size_t size,
                                   const char **out)
{
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    bool utf8 = text_is_utf8(text, size);
    cursor->notes->latin1 |= !utf8;
    char *copy =
        utf8 ? arena_copy_bytes(cursor->arena, text, size) : copy_latin1(cursor->arena, text, size);
    if (copy == NULL)
        return HTTP_MEMORY;
    if (memchr(text, '\0', size) != NULL || !wire_is_value(copy))
        return wrong(cursor, "a header's value has a control character in it");
    *out = copy;
    return HTTP_OK;
}

static enum http_result read_field(struct cursor *cursor, const char *line, size_t size,
                                   struct header *out)
{
    const char *colon = memchr(line, ':', size);
    if (colon == NULL)
        return wrong(cursor, "a header has no colon");
    size_t name_size = (size_t)(colon - line);
    char *name = arena_copy_bytes(cursor->arena, line, name_size);
    if (name == NULL)
        return HTTP_MEMORY;
    if (memchr(line, '\0', name_size) != NULL || !wire_is_token(name))
        return wrong(cursor, "a header's name is none");
    out->name = name;
    return read_value(cursor, colon + 1, size - name_size - 1, &out->value);
}

/* A line that begins with a space goes on with the one before (RFC 9112, 5.2: obsolete). */
static enum http_result continue_field(struct cursor *cursor, const char *line, size_t size,
                                       struct header *field)
{
    const char *more;
    enum http_result result = read_value(cursor, line, size, &more);
    if (result != HTTP_OK)
        return result;
    field->value = arena_format(cursor->arena, "%s %s", field->value, more);
    return field->value != NULL ? HTTP_OK : HTTP_MEMORY;
}

/* Room for one more in an array that doubles; what it grew out of stays in the arena. */
static struct header *grow(struct arena *arena, struct header *items, size_t count,
                           size_t *capacity)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    struct header *larger = arena_alloc_array(arena, wanted, sizeof *larger);
    if (larger == NULL)
        return NULL;
    if (count > 0)
        memcpy(larger, items, count * sizeof *larger);
    *capacity = wanted;
    return larger;
}

/* Up to and with the empty line. */
static enum http_result read_fields(struct cursor *cursor, struct headers *out)
{
    struct header *items = NULL;
    size_t count = 0, capacity = 0, size;
    const char *line;
    while (next_line(cursor, &line, &size)) {
        enum http_result result;
        if (size == 0) {
            *out = (struct headers){items, count};
            return HTTP_OK;
        }
        if ((*line == ' ' || *line == '\t') && count > 0) {
            result = continue_field(cursor, line, size, &items[count - 1]);
        } else {
            items = grow(cursor->arena, items, count, &capacity);
            if (items == NULL)
                return HTTP_MEMORY;
            result = read_field(cursor, line, size, &items[count++]);
        }
        if (result != HTTP_OK)
            return result;
    }
    return wrong(cursor, "it ends within its headers");
}

static const char *find_field(const struct headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (wire_same_name(headers->items[i].name, name))
            return headers->items[i].value;
    }
    return NULL;
}

static void remove_field(struct headers *headers, const char *name)
{
    /* The array is ours, made a moment ago. */
    struct header *items = (struct header *)(uintptr_t)headers->items;
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++) {
        if (!wire_same_name(items[i].name, name))
            items[kept++] = items[i];
    }
    headers->count = kept;
}

/* The size in a chunk's first line, or SIZE_MAX when there is none. */
static size_t chunk_size(const char *line, size_t size)
{
    size_t value = 0, i = 0;
    for (; i < size; i++) {
        char c = line[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            break;
        if (value > SIZE_MAX >> 5)
            return SIZE_MAX;
        value = value * 16 + (size_t)digit;
    }
    bool ends = i == size || line[i] == ';' || line[i] == ' ' || line[i] == '\t';
    return i > 0 && ends ? value : SIZE_MAX;
}

static enum http_result join_chunks(struct cursor *cursor, struct body *out)
{
    size_t room = (size_t)(cursor->end - cursor->at), used = 0, size;
    const char *line;
    char *data = arena_alloc(cursor->arena, room + 1);
    if (data == NULL)
        return HTTP_MEMORY;
    *out = (struct body){data, 0};
    while (next_line(cursor, &line, &size)) {
        size_t wanted = chunk_size(line, size);
        size_t left = (size_t)(cursor->end - cursor->at);
        if (wanted == SIZE_MAX)
            return wrong(cursor, "a chunk's size is none");
        if (wanted == 0)
            goto done;
        size_t taken = wanted < left ? wanted : left;
        memcpy(data + used, cursor->at, taken);
        used += taken;
        cursor->at += taken;
        if (taken < wanted)
            break;
        if (!next_line(cursor, &line, &size))
            break;
        if (size != 0)
            return wrong(cursor, "a chunk is longer than its size says");
    }
    cursor->notes->body_is_cut = true;
done:
    out->size = used;
    data[used] = '\0';
    return HTTP_OK;
}

/* Whether "chunked" is the last coding. */
static bool is_chunked(const char *codings)
{
    size_t size = strlen(codings);
    return size >= 7 && strcasecmp(codings + size - 7, "chunked") == 0;
}

/* A length as RFC 9110 has it: digits alone. */
static bool parse_length(const char *text, size_t *out)
{
    size_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(*text - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

/* The body, by the fields that frame it. Without any the rest of the capture is the body of a
 * response, and there is none of a request. */
static enum http_result read_body(struct cursor *cursor, const struct headers *headers,
                                  bool is_request, struct body *out)
{
    const char *codings = find_field(headers, "Transfer-Encoding");
    const char *length = find_field(headers, "Content-Length");
    const char *content = find_field(headers, "Content-Encoding");
    size_t left = (size_t)(cursor->end - cursor->at), size = is_request ? 0 : left;
    cursor->notes->body_is_coded = content != NULL && strcasecmp(content, "identity") != 0;
    if (codings != NULL && is_chunked(codings))
        return join_chunks(cursor, out);
    if (codings == NULL && length != NULL && !parse_length(length, &size))
        return wrong(cursor, "its Content-Length is no number");
    if (size > left) {
        cursor->notes->body_is_cut = true;
        size = left;
    }
    if (is_request && size == 0 && length == NULL)
        return HTTP_OK; /* no body, which is not an empty one */
    char *copy = arena_copy_bytes(cursor->arena, cursor->at, size);
    if (copy == NULL)
        return HTTP_MEMORY;
    *out = (struct body){copy, size};
    return HTTP_OK;
}

/* "METHOD target HTTP/1.x" */
static enum http_result read_request_line(struct cursor *cursor, struct request *out)
{
    const char *line;
    size_t size;
    if (!next_line(cursor, &line, &size))
        return wrong(cursor, "it has no request line");
    const char *first = memchr(line, ' ', size), *last = memrchr(line, ' ', size);
    if (first == NULL || first == last || !is_protocol(last + 1, size - (size_t)(last + 1 - line)))
        return wrong(cursor, "its request line is not HTTP/1");
    char *method = arena_copy_bytes(cursor->arena, line, (size_t)(first - line));
    if (method == NULL)
        return HTTP_MEMORY;
    const char *target = first + 1;
    size_t target_size = (size_t)(last - target);
    struct buffer clean;
    buffer_init(&clean, SIZE_MAX / 2);
    if (!target_is_clean(target, target_size)) {
        if (target_size == 0 || *target != '/')
            return wrong(cursor, "its request line is not HTTP/1");
        cursor->notes->target_encoded = true;
        target_append_clean(&clean, target, target_size, false);
        target = buffer_text(&clean);
        target_size = clean.length;
    }
    char *copy = clean.failed ? NULL : arena_copy_bytes(cursor->arena, target, target_size);
    buffer_release(&clean);
    if (copy == NULL)
        return HTTP_MEMORY;
    if (memchr(line, '\0', size) != NULL || !wire_is_token(method) || !wire_is_target(copy))
        return wrong(cursor, "its request line is not HTTP/1");
    out->method = method;
    out->target = copy;
    cursor->notes->proto = protocol_of(last + 1);
    return HTTP_OK;
}

enum http_result http_parse_request(const char *data, size_t size, struct arena *arena,
                                    struct request *out, struct http_notes *notes)
{
    struct cursor cursor = {data, data + size, arena, notes};
    *out = (struct request){0};
    *notes = (struct http_notes){.host = "", .proto = "HTTP/1.1"};
    enum http_result result = read_request_line(&cursor, out);
    if (result == HTTP_OK)
        result = read_fields(&cursor, &out->headers);
    if (result == HTTP_OK)
        result = read_body(&cursor, &out->headers, true, &out->body);
    if (result != HTTP_OK)
        return result;
    const char *host = find_field(&out->headers, "Host");
    if (host != NULL && wire_is_authority(host))
        notes->host = host;
    return HTTP_OK;
}

/* "HTTP/1.x 200 reason" */
static enum http_result read_status_line(struct cursor *cursor, int *status)
{
    const char *line;
    size_t size;
    if (!next_line(cursor, &line, &size))
        return wrong(cursor, "it has no status line");
    if (size < 12 || !is_protocol(line, 8) || line[8] != ' ' || (size > 12 && line[12] != ' '))
        return wrong(cursor, "its status line is not HTTP/1");
    *status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return wrong(cursor, "its status line is not HTTP/1");
        *status = *status * 10 + (line[i] - '0');
    }
    if (*status < 100 || *status > 599)
        return wrong(cursor, "its status is not of HTTP");
    cursor->notes->proto = protocol_of(line);
    return HTTP_OK;
}

static bool may_have_body(int status, const char *method)
{
    bool is_head = method != NULL && strcmp(method, "HEAD") == 0;
    return !is_head && status >= 200 && status != 204 && status != 304;
}

enum http_result http_parse_response(const char *data, size_t size, const char *method,
                                     struct arena *arena, struct response *out,
                                     struct http_notes *notes)
{
    struct cursor cursor = {data, data + size, arena, notes};
    enum http_result result;
    *notes = (struct http_notes){.host = "", .proto = "HTTP/1.1"};
    do {
        *out = (struct response){0};
        result = read_status_line(&cursor, &out->status);
        if (result == HTTP_OK)
            result = read_fields(&cursor, &out->headers);
    } while (result == HTTP_OK && out->status < 200 && out->status != 101);
    if (result != HTTP_OK)
        return result;
    if (!may_have_body(out->status, method))
        out->body = (struct body){"", 0};
    else
        result = read_body(&cursor, &out->headers, false, &out->body);
    remove_field(&out->headers, "Transfer-Encoding");
    return result;
}
