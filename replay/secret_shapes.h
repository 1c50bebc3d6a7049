/* Secrets and personal data that are known by their looks, wherever they stand: tokens of known
 * makers, JWTs, private keys, card and bank account numbers by their check digits, e-mail
 * addresses, passwords within URLs. */
#ifndef TOLLGATE_REPLAY_SECRET_SHAPES_H
#define TOLLGATE_REPLAY_SECRET_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

/* How the pseudonym of a match is made. */
enum shape_kind {
    SHAPE_PLAIN, /* letters and digits of the whole match */
    SHAPE_LUHN,  /* digits that pass Luhn's check */
    SHAPE_JWT,   /* three parts of base64url, the first two JSON */
};

struct shape_match {
    const char *rule; /* "card number" */
    enum shape_kind kind;
    size_t begin, size; /* of what is to be replaced */
};

/* The first match that begins at `from` or behind it. False when there is none. */
bool shapes_find(const char *text, size_t size, size_t from, struct shape_match *match);

#endif
