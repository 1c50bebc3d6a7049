/* pprof: a gzipped profile.proto, the endpoint a label of each sample. Values are whole numbers
 * over the requests that were measured. */
#include "reporters/export.h"

#include "base/names.h"
#include "base/text.h"
#include "reporters/protobuf.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { MESSAGE_MAX_BYTES = 256 * 1024 * 1024, NS_PER_SECOND = 1000000000 };

/* Field numbers of the published schema. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE,
    PROFILE_MAPPING,
    PROFILE_LOCATION,
    PROFILE_FUNCTION,
    PROFILE_STRING,
    PROFILE_TIME_NS = 9,
    PROFILE_COMMENT = 13,
    PROFILE_DEFAULT_TYPE = 14
};
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_TEXT };
enum {
    MAPPING_ID = 1,
    MAPPING_FILE = 5,
    MAPPING_HAS_FUNCTIONS = 7,
    MAPPING_HAS_FILES,
    MAPPING_HAS_LINES,
    MAPPING_HAS_INLINES
};
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_LINE = 4 };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE };

/* A column as pprof names it. The one that its tools are to show first has `shown`. */
struct column {
    size_t value;
    const char *type, *unit;
    bool shown;
};

static const struct column lines_columns[] = {{LINES_INSTRUCTIONS, "instructions", "count", true}};
static const struct column cpu_columns[] = {{CPU_SAMPLES, "samples", "count", false},
                                            {CPU_NS, "cpu", "nanoseconds", true}};
static const struct column alloc_columns[] = {{ALLOC_ALLOCATIONS, "allocations", "count", true},
                                              {ALLOC_BYTES, "bytes", "bytes", false},
                                              {ALLOC_RETAINED, "retained", "bytes", false}};

struct columns {
    const struct column *items;
    size_t count;
};

static struct columns columns_of(enum profile_kind kind)
{
    switch (kind) {
    case PROFILE_LINES:
        return (struct columns){lines_columns, COUNT_OF(lines_columns)};
    case PROFILE_CPU:
        return (struct columns){cpu_columns, COUNT_OF(cpu_columns)};
    case PROFILE_ALLOC:
        return (struct columns){alloc_columns, COUNT_OF(alloc_columns)};
    case PROFILE_KIND_COUNT:
        break;
    }
    BUG("no kind of profile %d", (int)kind);
}

struct pprof {
    const struct report *report;
    const struct profile *profile;
    struct columns columns;
    struct name_table strings;   /* its numbers are those of the string table; the first is "" */
    struct name_table objects;   /* mappings */
    struct name_table functions; /* by name, in the group that is the file's string */
    struct buffer message, part; /* the profile, and what is being put together for it */
    bool failed;
};

/* The number of the text in the string table, made safe and so UTF-8. */
static uint32_t string_number(struct pprof *pprof, const char *text)
{
    struct buffer safe;
    uint32_t number = 0;
    buffer_init(&safe, MESSAGE_MAX_BYTES);
    text_append_safe(&safe, text, strlen(text), false);
    if (safe.failed || !name_table_add(&pprof->strings, 0, buffer_text(&safe), &number))
        pprof->failed = true;
    buffer_release(&safe);
    return number;
}

/* Ids in the format begin at 1. */
static uint32_t name_id(struct pprof *pprof, struct name_table *table, uint32_t group,
                        const char *name)
{
    uint32_t number = 0;
    if (!name_table_add(table, group, name, &number))
        pprof->failed = true;
    return number + 1;
}

static void append_part(struct pprof *pprof, uint32_t field)
{
    if (pprof->part.failed)
        pprof->failed = true;
    protobuf_append_bytes(&pprof->message, field, buffer_text(&pprof->part), pprof->part.length);
    buffer_clear(&pprof->part);
}

static void append_types(struct pprof *pprof)
{
    for (size_t i = 0; i < pprof->columns.count; i++) {
        const struct column *column = &pprof->columns.items[i];
        uint32_t type = string_number(pprof, column->type);
        protobuf_append_number(&pprof->part, TYPE_TYPE, type);
        protobuf_append_number(&pprof->part, TYPE_UNIT, string_number(pprof, column->unit));
        append_part(pprof, PROFILE_SAMPLE_TYPE);
        if (column->shown)
            protobuf_append_number(&pprof->message, PROFILE_DEFAULT_TYPE, type);
    }
}

/* The innermost frame comes first. */
static void append_sample(struct pprof *pprof, const struct profile_endpoint *endpoint,
                          const struct profile_cost *cost, const struct buffer *label)
{
    uint32_t frames[EXPORT_DEPTH_MAX];
    uint64_t values[PROFILE_VALUES_MAX], locations[EXPORT_DEPTH_MAX], any = 0;
    for (size_t i = 0; i < pprof->columns.count; i++) {
        values[i] = export_whole(endpoint, cost->values[pprof->columns.items[i].value]);
        any |= values[i];
    }
    if (any == 0)
        return;
    size_t depth = export_path(pprof->profile, cost->node, frames);
    for (size_t i = 0; i < depth; i++)
        locations[i] = (uint64_t)frames[depth - 1 - i] + 1;
    protobuf_append_numbers(&pprof->part, SAMPLE_LOCATION, locations, depth);
    protobuf_append_numbers(&pprof->part, SAMPLE_VALUE, values, pprof->columns.count);
    protobuf_append_bytes(&pprof->part, SAMPLE_LABEL, buffer_text(label), label->length);
    append_part(pprof, PROFILE_SAMPLE);
}

static void append_endpoint(struct pprof *pprof, const struct profile_endpoint *endpoint)
{
    struct buffer label;
    buffer_init(&label, MESSAGE_MAX_BYTES);
    protobuf_append_number(&label, LABEL_KEY, string_number(pprof, "endpoint"));
    protobuf_append_number(&label, LABEL_TEXT, string_number(pprof, endpoint->name));
    if (label.failed)
        pprof->failed = true;
    for (size_t i = 0; i < endpoint->cost_count && !pprof->failed; i++)
        append_sample(pprof, endpoint, &endpoint->costs[i], &label);
    buffer_release(&label);
}

static uint32_t function_id(struct pprof *pprof, const struct profile_frame *frame)
{
    char text[256];
    const char *name = export_name(frame, text);
    uint32_t file = frame->file != NULL ? string_number(pprof, frame->file) : 0;
    size_t known = pprof->functions.count;
    uint32_t id = name_id(pprof, &pprof->functions, file, name);
    if (pprof->functions.count == known)
        return id;
    uint32_t number = string_number(pprof, name);
    protobuf_append_number(&pprof->part, FUNCTION_ID, id);
    protobuf_append_number(&pprof->part, FUNCTION_NAME, number);
    protobuf_append_number(&pprof->part, FUNCTION_SYSTEM_NAME, number);
    protobuf_append_number(&pprof->part, FUNCTION_FILE, file);
    append_part(pprof, PROFILE_FUNCTION);
    return id;
}

static uint32_t mapping_id(struct pprof *pprof, const char *object)
{
    size_t known = pprof->objects.count;
    uint32_t id = name_id(pprof, &pprof->objects, 0, object);
    if (pprof->objects.count == known)
        return id;
    protobuf_append_number(&pprof->part, MAPPING_ID, id);
    protobuf_append_number(&pprof->part, MAPPING_FILE, string_number(pprof, object));
    /* All is resolved: nobody needs to look for the program. */
    for (uint32_t field = MAPPING_HAS_FUNCTIONS; field <= MAPPING_HAS_INLINES; field++)
        protobuf_append_number(&pprof->part, field, 1);
    append_part(pprof, PROFILE_MAPPING);
    return id;
}

/* A frame is a location. */
static void append_location(struct pprof *pprof, size_t number)
{
    struct buffer line;
    const struct profile_frame *frame = &pprof->profile->frames[number];
    uint32_t function = function_id(pprof, frame);
    uint32_t mapping = frame->object != NULL ? mapping_id(pprof, frame->object) : 0;
    buffer_init(&line, MESSAGE_MAX_BYTES);
    protobuf_append_number(&line, LINE_FUNCTION, function);
    protobuf_append_number(&line, LINE_LINE, frame->line);
    if (line.failed)
        pprof->failed = true;
    protobuf_append_number(&pprof->part, LOCATION_ID, number + 1);
    protobuf_append_number(&pprof->part, LOCATION_MAPPING, mapping);
    protobuf_append_bytes(&pprof->part, LOCATION_LINE, buffer_text(&line), line.length);
    append_part(pprof, PROFILE_LOCATION);
    buffer_release(&line);
}

static uint64_t created_ns(const struct run *run)
{
    struct tm time = {0};
    if (run->created == NULL || strptime(run->created, "%Y-%m-%dT%H:%M:%SZ", &time) == NULL)
        return 0;
    time_t seconds = timegm(&time);
    return seconds > 0 ? (uint64_t)seconds * NS_PER_SECOND : 0;
}

static void append_origin(struct pprof *pprof)
{
    struct buffer origin;
    buffer_init(&origin, MESSAGE_MAX_BYTES);
    export_append_origin(&origin, pprof->report->head);
    uint64_t comment = string_number(pprof, buffer_text(&origin));
    protobuf_append_numbers(&pprof->message, PROFILE_COMMENT, &comment, 1);
    protobuf_append_number(&pprof->message, PROFILE_TIME_NS, created_ns(pprof->report->head));
    if (origin.failed)
        pprof->failed = true;
    buffer_release(&origin);
}

static void append_profile(struct pprof *pprof)
{
    const struct profile *profile = pprof->profile;
    if (string_number(pprof, "") != 0)
        pprof->failed = true;
    append_types(pprof);
    for (size_t i = 0; i < profile->endpoint_count; i++)
        if (export_wants(pprof->report, profile->endpoints[i].name))
            append_endpoint(pprof, &profile->endpoints[i]);
    for (size_t i = 0; i < profile->frame_count && !pprof->failed; i++)
        append_location(pprof, i);
    append_origin(pprof);
    for (size_t i = 0; i < pprof->strings.count; i++) {
        const char *text = name_table_get(&pprof->strings, i);
        protobuf_append_bytes(&pprof->message, PROFILE_STRING, text, strlen(text));
    }
}

/* In one piece; the window bits say gzip, whose header then holds neither name nor time. */
static bool compress_into(struct buffer *out, const struct buffer *message, struct error *err)
{
    enum { WINDOW_BITS = 15, GZIP = 16, MEMORY_LEVEL = 8 };
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS | GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set_memory(err);
    size_t room = deflateBound(&stream, message->length);
    Bytef *packed = malloc(room);
    bool ok = packed != NULL;
    if (ok) {
        stream.next_in = (Bytef *)message->data;
        stream.avail_in = (uInt)message->length;
        stream.next_out = packed;
        stream.avail_out = (uInt)room;
        ok = deflate(&stream, Z_FINISH) == Z_STREAM_END;
        buffer_append(out, packed, ok ? stream.total_out : 0);
    }
    deflateEnd(&stream);
    free(packed);
    return ok ? buffer_check(out, err) : error_set_memory(err);
}

static bool pprof_write(const struct report *report, const struct report_style *style,
                        struct buffer *out, struct error *err)
{
    (void)style;
    enum profile_kind kind = export_choose_kind(report);
    struct pprof pprof = {.report = report,
                          .profile = export_find_profile(report, kind, err),
                          .columns = columns_of(kind)};
    if (pprof.profile == NULL)
        return false;
    name_table_init(&pprof.strings);
    name_table_init(&pprof.objects);
    name_table_init(&pprof.functions);
    buffer_init(&pprof.message, MESSAGE_MAX_BYTES);
    buffer_init(&pprof.part, MESSAGE_MAX_BYTES);
    append_profile(&pprof);
    bool ok = pprof.failed || pprof.message.failed ? error_set_memory(err)
                                                   : compress_into(out, &pprof.message, err);
    buffer_release(&pprof.part);
    buffer_release(&pprof.message);
    name_table_release(&pprof.functions);
    name_table_release(&pprof.objects);
    name_table_release(&pprof.strings);
    return ok;
}

const struct reporter reporter_pprof = {
    .name = "pprof",
    .help = "gzipped profile.proto, the endpoint as a label, for pprof",
    .binary = true,
    .write = pprof_write,
};
