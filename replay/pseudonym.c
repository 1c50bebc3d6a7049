#include "replay/pseudonym.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/sha256.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_BYTES = 64,    /* of SHA-256, for HMAC */
    TRIES_MAX = 1 << 17, /* until a marked one is found: the chance of none is below 1e-13 */
    SHORT_CHARACTERS = 2,
    TAIL_BYTES = 64,     /* of a value, which bear the mark */
    KNOWN_MAX = 1 << 20, /* values remembered; others are worked out again */
};

#define MARK_MASK 0xfffULL

struct known {
    UT_hash_handle hh;
    size_t size;
    char *pseudonym; /* `size` bytes, behind the key */
    char value[];    /* the kind's byte, then the value */
};

struct pseudonyms {
    unsigned char inner[BLOCK_BYTES], outer[BLOCK_BYTES]; /* HMAC's two keys */
    struct known *known;
};

bool pseudonyms_new(struct pseudonyms **out, const char *key, struct error *err)
{
    unsigned char block[BLOCK_BYTES] = {0};
    size_t size = strlen(key);
    struct pseudonyms *pseudonyms = calloc(1, sizeof *pseudonyms);
    *out = NULL;
    if (pseudonyms == NULL)
        return error_set_memory(err);
    if (size > sizeof block)
        sha256(key, size, block);
    else
        memcpy(block, key, size);
    for (size_t i = 0; i < sizeof block; i++) {
        pseudonyms->inner[i] = block[i] ^ 0x36;
        pseudonyms->outer[i] = block[i] ^ 0x5c;
    }
    *out = pseudonyms;
    return true;
}

void pseudonyms_free(struct pseudonyms *pseudonyms)
{
    struct known *known, *next;
    if (pseudonyms == NULL)
        return;
    HASH_ITER(hh, pseudonyms->known, known, next)
    {
        HASH_DEL(pseudonyms->known, known);
        free(known);
    }
    free(pseudonyms);
}

/* ---- a keyed stream of bytes ---------------------------------------------------------------- */

/* HMAC-SHA-256 (RFC 2104). */
static bool hmac(const struct pseudonyms *pseudonyms, const void *data, size_t size,
                 unsigned char digest[static SHA256_SIZE])
{
    unsigned char outer[BLOCK_BYTES + SHA256_SIZE];
    unsigned char *inner = malloc(BLOCK_BYTES + size);
    if (inner == NULL)
        return false;
    memcpy(inner, pseudonyms->inner, BLOCK_BYTES);
    if (size > 0)
        memcpy(inner + BLOCK_BYTES, data, size);
    memcpy(outer, pseudonyms->outer, BLOCK_BYTES);
    sha256(inner, BLOCK_BYTES + size, outer + BLOCK_BYTES);
    sha256(outer, sizeof outer, digest);
    free(inner);
    return true;
}

/* The value's digest seeds a generator (splitmix64): many candidates are drawn from it, of which
 * only one is kept, and none of them tells the seed. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

/* ---- shape ---------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes of the character of UTF-8 that begins here; 1 where there is none. */
static size_t character_bytes(const char *at, size_t left)
{
    unsigned char lead = (unsigned char)*at;
    size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    if (bytes > left)
        return 1;
    for (size_t i = 1; i < bytes; i++)
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return 1;
    return bytes;
}

/* From blocks without controls or marks of direction: U+00E0 on, U+4E00 on, U+1F600 on. */
static void draw_character(uint64_t *state, size_t bytes, char *out)
{
    static const char leads[][4] = {"\xc3", "\xe4\xb8", "\xf0\x9f\x98"};
    uint64_t drawn = next_random(state);
    memcpy(out, leads[bytes - 2], bytes - 1);
    out[bytes - 1] = (char)(bytes == 2 ? 0xa0 | (drawn & 0x1f) : 0x80 | (drawn & 0x3f));
}

static void draw(uint64_t *state, const char *value, size_t size, char *out)
{
    for (size_t i = 0, bytes; i < size; i += bytes) {
        bytes = character_bytes(value + i, size - i);
        if (bytes > 1)
            draw_character(state, bytes, out + i);
        else if (is_digit(value[i]))
            out[i] = (char)('0' + next_random(state) % 10);
        else if (is_letter(value[i]))
            out[i] = (char)((value[i] >= 'a' ? 'a' : 'A') + next_random(state) % 26);
        else
            out[i] = value[i];
    }
}

/* A number stays one: no zero at its head that was none. */
static void keep_head(const char *value, size_t size, char *out)
{
    if (size > 1 && is_digit(value[0]) && value[0] != '0' && out[0] == '0')
        out[0] = '7';
}

static size_t count_replaceable(const char *value, size_t size)
{
    size_t count = 0;
    for (size_t i = 0, bytes; i < size; i += bytes) {
        bytes = character_bytes(value + i, size - i);
        count += bytes > 1 || is_digit(value[i]) || is_letter(value[i]);
    }
    return count;
}

/* Where the bytes that bear the mark begin. */
static size_t tail_of(size_t size)
{
    return size > TAIL_BYTES ? size - TAIL_BYTES : 0;
}

static bool is_marked(const char *value, size_t size)
{
    size_t tail = tail_of(size);
    unsigned long long hash = file_hash_bytes(FILE_HASH_START, value + tail, size - tail);
    hash ^= hash >> 29;
    return ((hash ^ (hash >> 41)) & MARK_MASK) == 0;
}

static void blank(const char *value, size_t size, char *out)
{
    for (size_t i = 0, bytes; i < size; i += bytes) {
        bytes = character_bytes(value + i, size - i);
        if (bytes > 1)
            draw_character(&(uint64_t){0}, bytes, out + i);
        else
            out[i] = is_digit(value[i])     ? '0'
                     : !is_letter(value[i]) ? value[i]
                     : value[i] >= 'a'      ? 'x'
                                            : 'X';
    }
}

static bool is_blank(const char *value, size_t size)
{
    char copy[4 * SHORT_CHARACTERS + 64];
    if (size > sizeof copy)
        return false;
    blank(value, size, copy);
    return memcmp(copy, value, size) == 0;
}

bool pseudonym_is(const char *value, size_t size)
{
    size_t count = count_replaceable(value, size);
    if (count == 0)
        return true;
    return count <= SHORT_CHARACTERS ? is_blank(value, size) : is_marked(value, size);
}

/* ---- Luhn ----------------------------------------------------------------------------------- */

static unsigned luhn_sum(const char *value, size_t size)
{
    unsigned sum = 0;
    bool twice = false;
    for (size_t i = size; i-- > 0;) {
        if (!is_digit(value[i]))
            continue;
        unsigned digit = (unsigned)(value[i] - '0') * (twice ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
        twice = !twice;
    }
    return sum;
}

bool pseudonym_passes_luhn(const char *value, size_t size)
{
    return luhn_sum(value, size) % 10 == 0;
}

static void mend_luhn(char *out, size_t size)
{
    size_t last = size;
    while (last > 0 && !is_digit(out[last - 1]))
        last--;
    if (last == 0)
        return;
    out[last - 1] = '0';
    out[last - 1] = (char)('0' + (10 - luhn_sum(out, size) % 10) % 10);
}

/* ---- making one ----------------------------------------------------------------------------- */

enum kind { KIND_PLAIN = 'p', KIND_LUHN = 'l' };

static struct known *add_known(struct pseudonyms *pseudonyms, enum kind kind, const char *value,
                               size_t size)
{
    struct known *known = calloc(1, sizeof *known + 2 * size + 1);
    if (known == NULL)
        return NULL;
    known->size = size;
    known->value[0] = (char)kind;
    memcpy(known->value + 1, value, size);
    known->pseudonym = known->value + 1 + size;
    HASH_ADD_KEYPTR(hh, pseudonyms->known, known->value, size + 1, known);
    if (known->hh.tbl == NULL) {
        free(known);
        return NULL;
    }
    return known;
}

/* Draws until one bears the mark. */
static bool choose(const struct pseudonyms *pseudonyms, enum kind kind, const char *value,
                   size_t size, char *out)
{
    unsigned char digest[SHA256_SIZE];
    uint64_t state;
    if (!hmac(pseudonyms, value, size, digest))
        return false;
    memcpy(&state, digest, sizeof state);
    size_t tail = tail_of(size);
    draw(&state, value, size, out);
    for (int i = 0; i < TRIES_MAX; i++) {
        draw(&state, value + tail, size - tail, out + tail);
        keep_head(value, size, out);
        if (kind == KIND_LUHN)
            mend_luhn(out, size);
        if (is_marked(out, size) && memcmp(out, value, size) != 0)
            return true;
    }
    return true; /* too few values of this shape: unmarked, but no secret */
}

static bool make(struct pseudonyms *pseudonyms, enum kind kind, const char *value, size_t size,
                 char *out)
{
    char key[256];
    struct known *known = NULL;
    if (pseudonym_is(value, size)) {
        memmove(out, value, size);
        return true;
    }
    if (count_replaceable(value, size) <= SHORT_CHARACTERS) {
        blank(value, size, out);
        return true;
    }
    if (size < sizeof key) {
        key[0] = (char)kind;
        memcpy(key + 1, value, size);
        HASH_FIND(hh, pseudonyms->known, key, size + 1, known);
    }
    if (known == NULL) {
        bool keeps = size < sizeof key && HASH_COUNT(pseudonyms->known) < KNOWN_MAX;
        known = keeps ? add_known(pseudonyms, kind, value, size) : NULL;
        if (known == NULL && keeps)
            return false;
        char *chosen = known != NULL ? known->pseudonym : malloc(size);
        bool ok = chosen != NULL && choose(pseudonyms, kind, value, size, chosen);
        if (ok)
            memcpy(out, chosen, size);
        if (known == NULL)
            free(chosen);
        return ok;
    }
    memcpy(out, known->pseudonym, size);
    return true;
}

bool pseudonym_make(struct pseudonyms *pseudonyms, const char *value, size_t size, char *out)
{
    return make(pseudonyms, KIND_PLAIN, value, size, out);
}

bool pseudonym_make_luhn(struct pseudonyms *pseudonyms, const char *value, size_t size, char *out)
{
    return make(pseudonyms, KIND_LUHN, value, size, out);
}
