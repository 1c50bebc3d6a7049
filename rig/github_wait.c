#include "rig/github_wait.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    BACKOFF_FIRST_MS = 500,
    BACKOFF_MOST_MS = 30000,
    UNSTATED_MS = 60000, /* what GitHub asks for where it states nothing */
    DOUBLINGS_MAX = 6,
    SPREAD_MS = 1000,
    STATED_MAX = 1 << 30, /* seconds; more is no time */
};

void github_limits_init(struct github_limits *limits)
{
    *limits = (struct github_limits){-1, -1, -1, -1};
}

static bool is_header(const char *line, size_t size, const char *name, const char **value)
{
    size_t length = strlen(name);
    if (size <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
        return false;
    *value = line + length + 1;
    return true;
}

/* Digits and blanks alone; -1 for anything else, as a date would be. */
static int64_t read_number(const char *text, const char *end)
{
    int64_t value = -1;
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    for (; text < end && *text >= '0' && *text <= '9'; text++) {
        value = (value < 0 ? 0 : value) * 10 + (*text - '0');
        if (value > INT64_MAX / 100)
            return -1;
    }
    while (text < end && strchr(" \t\r\n", *text) != NULL)
        text++;
    return text == end ? value : -1;
}

static int64_t read_date(const char *text, const char *end)
{
    char date[64];
    size_t size = (size_t)(end - text);
    if (size >= sizeof date)
        return -1;
    memcpy(date, text, size);
    date[size] = '\0';
    return (int64_t)curl_getdate(date, NULL);
}

void github_limits_read(struct github_limits *limits, const char *line, size_t size)
{
    const char *value, *end = line + size;
    if (is_header(line, size, "retry-after", &value)) {
        limits->retry_after = read_number(value, end);
        if (limits->retry_after < 0 && limits->date >= 0) {
            int64_t until = read_date(value, end);
            limits->retry_after = until >= limits->date ? until - limits->date : -1;
        }
    } else if (is_header(line, size, "x-ratelimit-remaining", &value)) {
        limits->remaining = read_number(value, end);
    } else if (is_header(line, size, "x-ratelimit-reset", &value)) {
        limits->reset = read_number(value, end);
    } else if (is_header(line, size, "date", &value)) {
        limits->date = read_date(value, end);
    }
}

static bool speaks_of_limit(const char *message)
{
    return strcasestr(message, "rate limit") != NULL ||
           strcasestr(message, "abuse detection") != NULL;
}

enum github_again github_again(long status, const struct github_limits *limits, const char *message)
{
    bool limited = limits->retry_after >= 0 || limits->remaining == 0 || speaks_of_limit(message);
    if (status == 429 || (status == 403 && limited))
        return GITHUB_LIMITED;
    if (status == 0 || status == 500 || status == 502 || status == 503 || status == 504)
        return GITHUB_FAILED;
    return GITHUB_FINAL;
}

static int64_t doubled(int64_t first, int attempt)
{
    int doublings = attempt < 0 ? 0 : attempt > DOUBLINGS_MAX ? DOUBLINGS_MAX : attempt;
    return first * ((int64_t)1 << doublings);
}

static int64_t stated_ms(const struct github_limits *limits, int64_t now)
{
    int64_t seconds = limits->retry_after;
    if (seconds < 0 && limits->remaining == 0 && limits->reset >= 0) {
        int64_t from = limits->date >= 0 ? limits->date : now;
        /* The clock of the limits may be a second behind that of the answers. */
        seconds = limits->reset > from ? limits->reset - from + 1 : 1;
    }
    return seconds < 0 ? -1 : (seconds > STATED_MAX ? STATED_MAX : seconds) * 1000;
}

int64_t github_wait_ms(enum github_again again, const struct github_limits *limits, int attempt,
                       double jitter, int64_t now)
{
    int64_t stated = stated_ms(limits, now);
    if (again == GITHUB_FINAL)
        return 0;
    if (stated >= 0 && (again == GITHUB_LIMITED || limits->retry_after >= 0))
        return stated + (int64_t)(jitter * SPREAD_MS);
    if (again == GITHUB_LIMITED)
        return doubled(UNSTATED_MS, attempt) + (int64_t)(jitter * SPREAD_MS);
    int64_t wait = doubled(BACKOFF_FIRST_MS, attempt);
    return (int64_t)((double)(wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS) *
                     (0.5 + jitter / 2));
}
