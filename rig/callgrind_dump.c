#include "rig/callgrind_dump.h"

#include "rig/callgrind_row.h"
#include "rig/callgrind_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 1 << 20, /* read at once; and the longest row */
    MAX_EVENTS = 32,
    MAX_POSITIONS = 3,
};

/* What the numbers at the start of a cost row mean. */
enum position { POSITION_ADDRESS, POSITION_BLOCK, POSITION_LINE };

enum name_space { NAMES_OBJECT, NAMES_FILE, NAMES_FUNCTION, NAME_SPACES };

/* The function of the next "calls=". */
struct target {
    struct callgrind_context place;
    bool has_object, has_file; /* said, and not yet used */
};

struct reader {
    struct callgrind_profile *profile;
    const char *name;
    struct error *err;
    size_t row; /* from 1 */

    enum position positions[MAX_POSITIONS];
    size_t position_count;
    size_t event_count; /* 0: not known yet */
    size_t ir;          /* which of them counts instructions */
    struct callgrind_names names[NAME_SPACES];
    bool by_callgrind; /* callgrind itself wrote it */
    bool known_format; /* the file says that it is of this format */

    struct callgrind_context context;
    uint32_t context_index;
    bool context_stored;
    uint64_t last[MAX_POSITIONS]; /* by enum position: what "+n" adds to */
    struct target target;
    uint64_t calls, to_address;
    bool after_calls; /* the next cost row is what the call cost */
    bool after_jump;  /* the next cost row says where the jump is */

    bool open;       /* a part began, and its "totals:" is still to come */
    bool unfinished; /* such a part was followed by another one */
    bool has_summary;
    uint64_t summary;
    uint64_t part_sum; /* of the profile when the part began */
};

static bool fail(const struct reader *reader, const char *what)
{
    char where[480];
    snprintf(where, sizeof where, "%.440s:%zu", reader->name, reader->row);
    return error_set_at(reader->err, ERROR_INPUT, where, "%s", what);
}

static bool fail_too_many(const struct reader *reader)
{
    return fail(reader, "the instructions are too many to be true");
}

/* ---- cost rows ------------------------------------------------------------------------------ */

static bool take_position(const struct reader *reader, struct row *row, uint64_t last,
                          uint64_t *value)
{
    uint64_t number;
    bool ok;
    skip_spaces(row);
    char sign = row->at < row->end ? *row->at : '\0';
    if (sign == '*') {
        row->at++;
        *value = last;
        ok = true;
    } else if (sign == '+' || sign == '-') {
        row->at++;
        ok = take_number(row, &number) &&
             (sign == '+' ? !__builtin_add_overflow(last, number, value)
                          : !__builtin_sub_overflow(last, number, value));
    } else {
        ok = take_number(row, value);
    }
    if (!ok || (row->at < row->end && !is_space(*row->at)))
        return fail(reader, "expected a position: a number, \"+\" or \"-\" and a number, or \"*\"");
    return true;
}

/* As many as the "positions:" row says, into what the last row's are kept in. */
static bool take_positions(const struct reader *reader, struct row *row, uint64_t *positions)
{
    for (size_t i = 0; i < reader->position_count; i++) {
        enum position which = reader->positions[i];
        if (!take_position(reader, row, reader->last[which], &positions[which]))
            return false;
    }
    if (positions[POSITION_LINE] > UINT32_MAX)
        return fail(reader, "the line number is too large to be true");
    return true;
}

/* What is left out at the end of the row is 0. */
static bool take_instructions(const struct reader *reader, struct row *row, uint64_t *instructions)
{
    size_t index = 0;
    *instructions = 0;
    for (;; index++) {
        uint64_t value;
        skip_spaces(row);
        if (row->at == row->end)
            return true;
        if (index == reader->event_count || !take_number(row, &value) ||
            (row->at < row->end && !is_space(*row->at)))
            return fail(reader, "expected at most one number for each event");
        if (index == reader->ir)
            *instructions = value;
    }
}

static bool find_context(struct reader *reader)
{
    if (!reader->context_stored &&
        !callgrind_store_context(reader->profile, &reader->context, &reader->context_index))
        return error_set_memory(reader->err);
    reader->context_stored = true;
    return true;
}

static bool add_line(struct reader *reader, const uint64_t *positions, uint64_t instructions)
{
    bool too_many;
    struct callgrind_line_cost cost = {.address = positions[POSITION_ADDRESS],
                                       .instructions = instructions,
                                       .context = reader->context_index,
                                       .line = (uint32_t)positions[POSITION_LINE]};
    if (!callgrind_store_line(reader->profile, &cost, &too_many))
        return error_set_memory(reader->err);
    return !too_many || fail_too_many(reader);
}

static bool add_call(struct reader *reader, const uint64_t *positions, uint64_t instructions)
{
    bool too_many = false;
    struct callgrind_call_cost cost = {.address = positions[POSITION_ADDRESS],
                                       .calls = reader->calls,
                                       .instructions = instructions,
                                       .to_address = reader->to_address,
                                       .context = reader->context_index,
                                       .line = (uint32_t)positions[POSITION_LINE]};
    if (!callgrind_store_context(reader->profile, &reader->target.place, &cost.to) ||
        !callgrind_store_call(reader->profile, &cost, &too_many))
        return error_set_memory(reader->err);
    return !too_many || fail_too_many(reader);
}

/* The row after "calls=" or "jump=" repeats the position of the row before it. Where that one had
 * no cost callgrind leaves it out, and goes on counting from the one before: so its own rows of
 * this kind are nothing to count from. By the format's description they are. */
static bool read_cost(struct reader *reader, struct row *row)
{
    uint64_t positions[MAX_POSITIONS] = {0}, instructions;
    bool is_call = reader->after_calls, is_jump = reader->after_jump;
    if (reader->event_count == 0)
        return fail(reader, "figures came before the names of the events");
    if (!take_positions(reader, row, positions) || !take_instructions(reader, row, &instructions))
        return false;
    reader->after_calls = reader->after_jump = false;
    if (!reader->by_callgrind || (!is_call && !is_jump))
        memcpy(reader->last, positions, sizeof positions);
    if (is_jump || (instructions == 0 && !is_call))
        return true;
    return find_context(reader) && (is_call ? add_call(reader, positions, instructions)
                                            : add_line(reader, positions, instructions));
}

/* ---- rows of the form key=value ------------------------------------------------------------- */

static bool store_name(struct reader *reader, const struct row *text, uint32_t *string)
{
    size_t length = (size_t)(text->end - text->at);
    *string = CALLGRIND_NO_STRING;
    if (length == 0 || word_is(text, "???"))
        return true;
    if (memchr(text->at, '\0', length) != NULL)
        return fail(reader, "a name with a NUL in it");
    return callgrind_store_string(reader->profile, text->at, length, string) ||
           error_set_memory(reader->err);
}

/* "name", "(12) name" or "(12)". */
static bool read_name(struct reader *reader, struct row *row, enum name_space space,
                      uint32_t *string)
{
    struct callgrind_names *names = &reader->names[space];
    uint64_t number;
    skip_spaces(row);
    if (row->end - row->at < 2 || row->at[0] != '(' || !is_digit(row->at[1]))
        return store_name(reader, row, string);
    row->at++;
    if (!take_number(row, &number) || row->at == row->end || *row->at != ')')
        return fail(reader, "expected \"(number)\" or \"(number) name\"");
    row->at++;
    skip_spaces(row);
    if (row->at < row->end) {
        if (!store_name(reader, row, string))
            return false;
        return callgrind_names_set(names, number, *string) || error_set_memory(reader->err);
    }
    const struct callgrind_name *known = callgrind_names_find(names, number);
    if (known == NULL)
        return fail(reader, "this number was given no name before");
    *string = known->string;
    return true;
}

/* "calls=COUNT TARGET..." */
static bool read_calls(struct reader *reader, struct row *row)
{
    uint64_t positions[MAX_POSITIONS] = {0};
    if (!take_word_number(row, &reader->calls))
        return fail(reader, "expected the number of calls");
    if (!take_positions(reader, row, positions))
        return false;
    struct target *target = &reader->target;
    reader->to_address = positions[POSITION_ADDRESS];
    reader->after_calls = true;
    target->place.function_file = target->place.file;
    target->has_object = target->has_file = false;
    return true;
}

/* Where the called function's object and file are not said, they are the caller's. */
static bool read_called(struct reader *reader, struct row *row)
{
    struct target *target = &reader->target;
    if (!target->has_object)
        target->place.object = reader->context.object;
    if (!target->has_file)
        target->place.file = reader->context.file;
    target->has_object = target->has_file = false;
    return read_name(reader, row, NAMES_FUNCTION, &target->place.function);
}

static bool read_called_object(struct reader *reader, struct row *row)
{
    reader->target.has_object = true;
    return read_name(reader, row, NAMES_OBJECT, &reader->target.place.object);
}

static bool read_called_file(struct reader *reader, struct row *row)
{
    reader->target.has_file = true;
    return read_name(reader, row, NAMES_FILE, &reader->target.place.file);
}

static bool read_object(struct reader *reader, struct row *row)
{
    reader->context_stored = false;
    return read_name(reader, row, NAMES_OBJECT, &reader->context.object);
}

static bool read_file(struct reader *reader, struct row *row)
{
    reader->context_stored = false;
    return read_name(reader, row, NAMES_FILE, &reader->context.file);
}

static bool read_function(struct reader *reader, struct row *row)
{
    reader->context_stored = false;
    reader->context.function_file = reader->context.file;
    return read_name(reader, row, NAMES_FUNCTION, &reader->context.function);
}

static bool read_jump(struct reader *reader, struct row *row)
{
    (void)row;
    reader->after_jump = true;
    return true;
}

/* Jumps are not kept, but they may be the first to give a number its name. */
static bool read_jump_file(struct reader *reader, struct row *row)
{
    uint32_t ignored;
    return read_name(reader, row, NAMES_FILE, &ignored);
}

static bool read_jump_function(struct reader *reader, struct row *row)
{
    uint32_t ignored;
    return read_name(reader, row, NAMES_FUNCTION, &ignored);
}

/* ---- rows of the form key: value ------------------------------------------------------------ */

static bool read_format_version(struct reader *reader, struct row *row)
{
    uint64_t version;
    char text[96];
    if (!take_word_number(row, &version))
        return fail(reader, "expected the number of the format's version");
    reader->known_format = true;
    if (version <= 1)
        return true;
    snprintf(text, sizeof text, "version %llu of the callgrind format; this tollgate reads 1",
             (unsigned long long)version);
    return fail(reader, text);
}

static bool read_creator(struct reader *reader, struct row *row)
{
    skip_spaces(row);
    reader->by_callgrind = starts_with(row, "callgrind-", 10);
    return true;
}

static bool read_positions(struct reader *reader, struct row *row)
{
    static const char *const words[] = {"instr", "bb", "line"};
    reader->position_count = 0;
    for (struct row word = take_word(row); word.at < word.end; word = take_word(row)) {
        size_t which = 0;
        while (which < COUNT_OF(words) && !word_is(&word, words[which]))
            which++;
        /* They come in this order, none twice. */
        if (which == COUNT_OF(words) ||
            (reader->position_count > 0 &&
             which <= (size_t)reader->positions[reader->position_count - 1]))
            return fail(reader, "positions are \"instr\", \"bb\" and \"line\", in this order");
        reader->positions[reader->position_count++] = (enum position)which;
    }
    memset(reader->last, 0, sizeof reader->last);
    return reader->position_count > 0 || fail(reader, "no positions are named");
}

/* What the part that ends here says that it cost; without a word, what its rows say. */
static void close_part(struct reader *reader, uint64_t total, bool told)
{
    if (!reader->open)
        return;
    if (!told)
        total = reader->has_summary ? reader->summary : reader->profile->sum - reader->part_sum;
    /* Only a sum to compare with: a false one is found out by that. */
    if (__builtin_add_overflow(reader->profile->total, total, &reader->profile->total))
        reader->profile->total = UINT64_MAX;
    reader->open = false;
}

static bool read_events(struct reader *reader, struct row *row)
{
    size_t found = SIZE_MAX;
    reader->unfinished = reader->unfinished || reader->open;
    close_part(reader, 0, false);
    reader->event_count = 0;
    for (struct row word = take_word(row); word.at < word.end; word = take_word(row)) {
        if (reader->event_count == MAX_EVENTS)
            return fail(reader, "more events than callgrind has");
        if (word_is(&word, "Ir"))
            found = reader->event_count;
        reader->event_count++;
    }
    if (found == SIZE_MAX)
        return fail(reader, "instructions (Ir) are not among its events");
    reader->ir = found;
    reader->open = true;
    reader->has_summary = false;
    reader->part_sum = reader->profile->sum;
    reader->after_calls = reader->after_jump = false;
    return true;
}

static bool read_summary(struct reader *reader, struct row *row)
{
    if (reader->event_count == 0)
        return true; /* nobody knows yet what the figures are of */
    reader->has_summary = true;
    return take_instructions(reader, row, &reader->summary);
}

static bool read_totals(struct reader *reader, struct row *row)
{
    uint64_t total;
    if (reader->event_count == 0)
        return fail(reader, "figures came before the names of the events");
    if (!take_instructions(reader, row, &total))
        return false;
    close_part(reader, total, true);
    return true;
}

static bool read_nothing(struct reader *reader, struct row *row)
{
    (void)reader;
    (void)row;
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------- */

struct row_kind {
    const char *key;
    bool (*read)(struct reader *reader, struct row *row);
};

/* By how often they come. */
static const struct row_kind specifications[] = {
    {"fn=", read_function},
    {"cfn=", read_called},
    {"calls=", read_calls},
    {"cfi=", read_called_file},
    {"cfl=", read_called_file},
    {"cob=", read_called_object},
    {"fi=", read_file},
    {"fe=", read_file},
    {"fl=", read_file},
    {"ob=", read_object},
    {"jump=", read_jump},
    {"jcnd=", read_jump},
    {"jfi=", read_jump_file},
    {"jfn=", read_jump_function},
    {"rec=", read_nothing},
    {"frfn=", read_jump_function},
    {"events:", read_events},
    {"positions:", read_positions},
    {"totals:", read_totals},
    {"summary:", read_summary},
    {"version:", read_format_version},
    {"creator:", read_creator},
};

/* A key that we need not know: letters, then a colon. */
static bool is_other_header(const struct row *row)
{
    const char *at = row->at;
    while (at < row->end && is_letter(*at))
        at++;
    return at > row->at && at < row->end && *at == ':';
}

static bool read_specification(struct reader *reader, struct row *row)
{
    for (size_t i = 0; i < COUNT_OF(specifications); i++) {
        const struct row_kind *kind = &specifications[i];
        size_t length = strlen(kind->key);
        if (!starts_with(row, kind->key, length))
            continue;
        row->at += length;
        return kind->read(reader, row);
    }
    return is_other_header(row) || fail(reader, "not a row of the callgrind format");
}

static bool read_row(struct reader *reader, struct row *row)
{
    reader->row++;
    if (row->at < row->end &&
        (is_digit(*row->at) || *row->at == '+' || *row->at == '-' || *row->at == '*'))
        return read_cost(reader, row);
    skip_spaces(row);
    if (row->at == row->end)
        return true;
    if (*row->at == '#') {
        reader->known_format = reader->known_format || starts_with(row, "# callgrind format", 18);
        return true;
    }
    return read_specification(reader, row);
}

/* ---- a file --------------------------------------------------------------------------------- */

/* Reads the whole rows at the start of the text; *taken becomes their length. */
static bool read_rows(struct reader *reader, const char *text, size_t size, size_t *taken)
{
    const char *at = text, *end = text + size, *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        struct row row = {at, newline};
        if (!read_row(reader, &row))
            return false;
        at = newline + 1;
    }
    *taken = (size_t)(at - text);
    return true;
}

static void reader_init(struct reader *reader, struct callgrind_profile *profile, const char *name,
                        struct error *err)
{
    static const struct callgrind_context nowhere = {CALLGRIND_NO_STRING, CALLGRIND_NO_STRING,
                                                     CALLGRIND_NO_STRING, CALLGRIND_NO_STRING};
    *reader = (struct reader){.profile = profile,
                              .name = name,
                              .err = err,
                              .positions = {POSITION_LINE},
                              .position_count = 1,
                              .context = nowhere,
                              .target = {.place = nowhere}};
}

static void reader_release(struct reader *reader)
{
    for (size_t i = 0; i < NAME_SPACES; i++)
        callgrind_names_release(&reader->names[i]);
}

/* `left` bytes of a row without its end were there at the end of the file. Callgrind itself closes
 * each part with its totals; others need not. */
static bool finish(struct reader *reader, size_t left, bool empty, bool *truncated)
{
    bool cut = empty || left > 0 || reader->after_calls || reader->unfinished ||
               (reader->open && reader->by_callgrind);
    if (reader->event_count == 0 && !empty) {
        cut = reader->known_format;
        if (!cut)
            return fail(reader, "this is no dump of callgrind: it names no events");
    }
    close_part(reader, 0, false);
    if (truncated != NULL)
        *truncated = cut;
    else if (cut)
        return fail(reader, "the dump was cut off here");
    return true;
}

bool callgrind_profile_parse(struct callgrind_profile *profile, const char *name, const char *text,
                             size_t size, bool *truncated, struct error *err)
{
    struct reader reader;
    size_t taken = 0;
    reader_init(&reader, profile, name, err);
    bool ok = read_rows(&reader, text, size, &taken) &&
              finish(&reader, size - taken, size == 0, truncated);
    reader_release(&reader);
    return ok;
}

/* Reads on until the end of the file; *left is what is behind the last newline. */
static bool read_chunks(struct reader *reader, int fd, char *chunk, size_t *left, bool *empty)
{
    *left = 0;
    *empty = true;
    for (;;) {
        size_t taken = 0;
        ssize_t got = read(fd, chunk + *left, CHUNK_BYTES - *left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(reader->err, "cannot read %s", reader->name);
        if (got == 0)
            return true;
        *empty = false;
        size_t size = *left + (size_t)got;
        if (!read_rows(reader, chunk, size, &taken))
            return false;
        *left = size - taken;
        if (*left == CHUNK_BYTES) {
            reader->row++;
            return fail(reader, "a row of more than a million bytes");
        }
        memmove(chunk, chunk + taken, *left);
    }
}

bool callgrind_profile_read(struct callgrind_profile *profile, const char *path, bool *truncated,
                            struct error *err)
{
    struct reader reader;
    size_t left;
    bool empty, ok;
    char *chunk = malloc(CHUNK_BYTES);
    if (chunk == NULL)
        return error_set_memory(err);
    reader_init(&reader, profile, path, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        ok = error_set_errno(err, "cannot open %s", path);
    else
        ok = read_chunks(&reader, fd, chunk, &left, &empty) &&
             finish(&reader, left, empty, truncated);
    if (fd >= 0)
        close(fd);
    reader_release(&reader);
    free(chunk);
    return ok;
}
