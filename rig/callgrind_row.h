/* One row of a dump of callgrind, and the pieces that it is made of. Inline: a dump has millions of
 * rows. Private to callgrind_dump.c. */
#ifndef TOLLGATE_RIG_CALLGRIND_ROW_H
#define TOLLGATE_RIG_CALLGRIND_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A row without its newline; `at` moves on as pieces are taken from it. */
struct row {
    const char *at;
    const char *end;
};

static inline bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline void skip_spaces(struct row *row)
{
    while (row->at < row->end && is_space(*row->at))
        row->at++;
}

static inline int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline bool take_hex(struct row *row, uint64_t *value)
{
    const char *first = row->at;
    *value = 0;
    for (; row->at < row->end && hex_value(*row->at) >= 0; row->at++) {
        if (*value >> 60 != 0)
            return false;
        *value = *value << 4 | (uint64_t)hex_value(*row->at);
    }
    return row->at > first;
}

/* Decimal, or hexadecimal after "0x". */
static inline bool take_number(struct row *row, uint64_t *value)
{
    const char *at = row->at;
    uint64_t number = 0;
    if (row->end - at > 2 && at[0] == '0' && at[1] == 'x') {
        row->at += 2;
        return take_hex(row, value);
    }
    for (; at < row->end && is_digit(*at); at++) {
        if (__builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return false;
    }
    bool any = at > row->at;
    row->at = at;
    *value = number;
    return any;
}

/* A number of its own: nothing but a space may follow. */
static inline bool take_word_number(struct row *row, uint64_t *value)
{
    skip_spaces(row);
    return take_number(row, value) && (row->at == row->end || is_space(*row->at));
}

static inline bool starts_with(const struct row *row, const char *key, size_t length)
{
    return (size_t)(row->end - row->at) >= length && memcmp(row->at, key, length) == 0;
}

/* The next word, without the spaces around it; empty at the end. */
static inline struct row take_word(struct row *row)
{
    skip_spaces(row);
    struct row word = {row->at, row->at};
    while (row->at < row->end && !is_space(*row->at))
        row->at++;
    word.end = row->at;
    return word;
}

static inline bool word_is(const struct row *word, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(word->end - word->at) == length && memcmp(word->at, text, length) == 0;
}

#endif
