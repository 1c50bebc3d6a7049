#include "replay/secret_shapes.h"

#include "base/macros.h"
#include "replay/pseudonym.h"

#include <stdint.h>
#include <string.h>

enum {
    CARD_DIGITS_LEAST = 13,
    CARD_DIGITS_MOST = 19,
    IBAN_MOST = 34,
    MAIL_PART_MOST = 255,
    HEAD_MOST = 96
};

/* Characters that a token is made of. */
enum alphabet { WORD, URL_WORD, UPPER, HEX, DIGITS };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_word(char c)
{
    return is_digit(c) || is_upper(c) || is_lower(c);
}

static bool is_of(char c, enum alphabet alphabet)
{
    switch (alphabet) {
    case WORD:
        return is_word(c);
    case URL_WORD:
        return is_word(c) || c == '-' || c == '_';
    case UPPER:
        return is_upper(c) || is_digit(c);
    case HEX:
        return is_digit(c) || (c >= 'a' && c <= 'f');
    case DIGITS:
        break;
    }
    return is_digit(c);
}

/* A maker's token: words before it that never change, then so many characters at least. Only these
 * are replaced, so that whoever looks at the head still finds it. */
struct token {
    const char *rule;
    const char *head;
    enum alphabet alphabet;
    size_t least;
};

/* As the makers publish them, for scanners of repositories to find. */
static const struct token tokens[] = {
    {"AWS access key", "AKIA", UPPER, 16},
    {"AWS temporary key", "ASIA", UPPER, 16},
    {"GitHub token", "ghp_", WORD, 30},
    {"GitHub token", "gho_", WORD, 30},
    {"GitHub token", "ghu_", WORD, 30},
    {"GitHub token", "ghs_", WORD, 30},
    {"GitHub token", "ghr_", WORD, 30},
    {"GitHub token", "github_pat_", URL_WORD, 30},
    {"GitLab token", "glpat-", URL_WORD, 16},
    {"Slack token", "xoxb-", URL_WORD, 10},
    {"Slack token", "xoxp-", URL_WORD, 10},
    {"Slack token", "xoxa-", URL_WORD, 10},
    {"Slack token", "xoxr-", URL_WORD, 10},
    {"Slack token", "xoxs-", URL_WORD, 10},
    {"Slack token", "xapp-", URL_WORD, 10},
    {"Stripe key", "sk_live_", WORD, 10},
    {"Stripe key", "sk_test_", WORD, 10},
    {"Stripe key", "rk_live_", WORD, 10},
    {"Stripe key", "rk_test_", WORD, 10},
    {"Stripe webhook secret", "whsec_", WORD, 16},
    {"Google API key", "AIza", URL_WORD, 30},
    {"Google OAuth token", "ya29.", URL_WORD, 20},
    {"Google OAuth secret", "GOCSPX-", URL_WORD, 20},
    {"SendGrid key", "SG.", URL_WORD, 16},
    {"npm token", "npm_", WORD, 30},
    {"PyPI token", "pypi-", URL_WORD, 16},
    {"Shopify token", "shpat_", HEX, 20},
    {"Shopify token", "shpss_", HEX, 20},
    {"Square token", "sq0atp-", URL_WORD, 16},
    {"Square secret", "sq0csp-", URL_WORD, 16},
    {"DigitalOcean token", "dop_v1_", HEX, 32},
    {"Mailgun key", "key-", HEX, 32},
    {"Hugging Face token", "hf_", WORD, 30},
    {"OpenAI key", "sk-proj-", URL_WORD, 20},
    {"Anthropic key", "sk-ant-", URL_WORD, 20},
    {"Vault token", "hvs.", URL_WORD, 20},
    {"Linear key", "lin_api_", WORD, 30},
};

static size_t run_of(const char *text, size_t size, size_t from, enum alphabet alphabet)
{
    size_t end = from;
    while (end < size && is_of(text[end], alphabet))
        end++;
    return end - from;
}

static bool begins_word(const char *text, size_t at)
{
    return at == 0 || !is_word(text[at - 1]);
}

static bool find_token(const char *text, size_t size, size_t at, struct shape_match *match)
{
    if (!begins_word(text, at))
        return false;
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        const struct token *token = &tokens[i];
        size_t head = strlen(token->head);
        if (size - at < head + token->least || memcmp(text + at, token->head, head) != 0)
            continue;
        size_t length = run_of(text, size, at + head, token->alphabet);
        if (length < token->least)
            continue;
        *match = (struct shape_match){token->rule, SHAPE_PLAIN, at + head, length};
        return true;
    }
    return false;
}

/* "eyJ" is the base64 of the first bytes of {" and so begins the head of every JWT. */
static bool find_jwt(const char *text, size_t size, size_t at, struct shape_match *match)
{
    if (size - at < 3 || memcmp(text + at, "eyJ", 3) != 0 || !begins_word(text, at))
        return false;
    size_t head = run_of(text, size, at, URL_WORD), second = at + head + 1;
    if (second >= size || text[at + head] != '.')
        return false;
    size_t payload = run_of(text, size, second, URL_WORD), third = second + payload + 1;
    if (payload == 0 || third > size || text[second + payload] != '.')
        return false;
    *match = (struct shape_match){"JWT", SHAPE_JWT, at,
                                  third - at + run_of(text, size, third, URL_WORD)};
    return true;
}

static bool find_private_key(const char *text, size_t size, size_t at, struct shape_match *match)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ", tail[] = "PRIVATE KEY-----";
    if (size - at < sizeof begin || memcmp(text + at, begin, sizeof begin - 1) != 0)
        return false;
    size_t near = size - at < HEAD_MOST ? size - at : HEAD_MOST;
    const char *body = memmem(text + at, near, tail, sizeof tail - 1);
    if (body == NULL)
        return false;
    body += sizeof tail - 1;
    size_t left = size - (size_t)(body - text);
    const char *stop = memmem(body, left, end, sizeof end - 1);
    *match = (struct shape_match){"private key", SHAPE_PLAIN, (size_t)(body - text),
                                  stop != NULL ? (size_t)(stop - body) : left};
    return match->size > 0;
}

/* 13 to 19 digits, spaces or dashes between groups of them, that pass Luhn's check. Numbers that
 * are part of a longer word, or a decimal fraction, are none. */
static bool find_card(const char *text, size_t size, size_t at, struct shape_match *match)
{
    if (!is_digit(text[at]) || text[at] == '0' || !begins_word(text, at) ||
        (at > 0 && (text[at - 1] == '.' || text[at - 1] == '-' || text[at - 1] == '_')))
        return false;
    size_t digits = 0, end = at;
    for (size_t i = at; i < size && digits < CARD_DIGITS_MOST + 1; i++) {
        bool between = (text[i] == ' ' || text[i] == '-') && i + 1 < size && is_digit(text[i + 1]);
        if (!is_digit(text[i]) && !between)
            break;
        digits += is_digit(text[i]);
        end = i + 1;
    }
    if (digits < CARD_DIGITS_LEAST || digits > CARD_DIGITS_MOST ||
        (end < size && (is_word(text[end]) || text[end] == '_')))
        return false;
    /* Times in milliseconds have 13 digits, and one in ten passes by chance. */
    bool time_like = digits == 13 && text[at] == '1' && end - at == 13;
    if (time_like || !pseudonym_passes_luhn(text + at, end - at))
        return false;
    *match = (struct shape_match){"card number", SHAPE_LUHN, at, end - at};
    return true;
}

/* ISO 13616: two letters, two check digits, 11 to 30 more; moved around, a number that leaves 1
 * when divided by 97. */
static bool passes_iban(const char *text, size_t size)
{
    unsigned rest = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[(i + 4) % size];
        unsigned value = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest == 1;
}

static bool find_iban(const char *text, size_t size, size_t at, struct shape_match *match)
{
    char packed[IBAN_MOST];
    size_t count = 0, end = at;
    if (size - at < 15 || !begins_word(text, at) || !is_upper(text[at]) ||
        !is_upper(text[at + 1]) || !is_digit(text[at + 2]) || !is_digit(text[at + 3]))
        return false;
    for (size_t i = at; i < size && count < sizeof packed; i++) {
        bool between = text[i] == ' ' && i + 1 < size && is_of(text[i + 1], UPPER);
        if (!is_of(text[i], UPPER) && !between)
            break;
        if (text[i] != ' ')
            packed[count++] = text[i];
        end = i + 1;
    }
    if (count < 15 || (end < size && is_word(text[end])) || !passes_iban(packed, count))
        return false;
    *match = (struct shape_match){"bank account number", SHAPE_PLAIN, at + 4, end - at - 4};
    return true;
}

static bool is_mail_name(char c)
{
    return is_word(c) || strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL;
}

/* Found at the "@": the name before it is what tells of a person; the host stays. */
static bool find_mail(const char *text, size_t size, size_t at, struct shape_match *match)
{
    size_t begin = at, end = at + 1, dots = 0;
    if (text[at] != '@')
        return false;
    while (begin > 0 && at - begin < MAIL_PART_MOST && text[begin - 1] != '\0' &&
           is_mail_name(text[begin - 1]) && text[begin - 1] != '/' && text[begin - 1] != '=' &&
           text[begin - 1] != '&' && text[begin - 1] != '?')
        begin--;
    while (end < size && end - at < MAIL_PART_MOST &&
           (is_word(text[end]) || text[end] == '-' ||
            (text[end] == '.' && end + 1 < size && is_word(text[end + 1]))))
        dots += text[end++] == '.';
    if (begin == at || dots == 0 || text[at + 1] == '-')
        return false;
    *match = (struct shape_match){"e-mail address", SHAPE_PLAIN, begin, at - begin};
    return true;
}

/* "scheme://user:password@host": found at the second colon's "://". */
static bool find_url_password(const char *text, size_t size, size_t at, struct shape_match *match)
{
    if (size - at < 4 || memcmp(text + at, "://", 3) != 0)
        return false;
    size_t begin = at + 3, colon = 0;
    for (size_t i = begin; i < size && i - begin < 512; i++) {
        if (text[i] == ':' && colon == 0)
            colon = i;
        if (text[i] == '@' && colon > 0 && i > colon + 1) {
            *match =
                (struct shape_match){"password in a URL", SHAPE_PLAIN, colon + 1, i - colon - 1};
            return true;
        }
        if (text[i] == '/' || text[i] == '@' || text[i] == ' ' || text[i] == '"')
            break;
    }
    return false;
}

/* A social security number of the United States: 3-2-4 digits, none of them all zeros. */
static bool find_ssn(const char *text, size_t size, size_t at, struct shape_match *match)
{
    static const char shape[] = "ddd-dd-dddd";
    size_t length = sizeof shape - 1;
    if (size - at < length || !begins_word(text, at) || (at > 0 && text[at - 1] == '-'))
        return false;
    for (size_t i = 0; i < length; i++)
        if (shape[i] == 'd' ? !is_digit(text[at + i]) : text[at + i] != '-')
            return false;
    bool goes_on = at + length < size && (is_word(text[at + length]) || text[at + length] == '-');
    if (goes_on || memcmp(text + at, "000", 3) == 0 || text[at] == '9' ||
        memcmp(text + at + 4, "00", 2) == 0 || memcmp(text + at + 7, "0000", 4) == 0)
        return false;
    *match = (struct shape_match){"social security number", SHAPE_PLAIN, at, length};
    return true;
}

static bool find_at(const char *text, size_t size, size_t at, struct shape_match *match)
{
    switch (text[at]) {
    case '@':
        return find_mail(text, size, at, match);
    case ':':
        return find_url_password(text, size, at, match);
    case '-':
        return find_private_key(text, size, at, match);
    default:
        break;
    }
    if (is_digit(text[at]))
        return find_card(text, size, at, match) || find_ssn(text, size, at, match);
    if (!is_word(text[at]))
        return false;
    return find_jwt(text, size, at, match) || find_token(text, size, at, match) ||
           find_iban(text, size, at, match);
}

bool shapes_find(const char *text, size_t size, size_t from, struct shape_match *match)
{
    for (size_t at = from; at < size; at++)
        if (find_at(text, size, at, match) && match->begin + match->size > from)
            return true;
    return false;
}
