#include "replay/import_draft.h"

#include "base/text.h"
#include "replay/base64.h"
#include "replay/url.h"
#include "replay/wire.h"

#include <string.h>

const char *const import_target_encoded = "characters of the target became %HH";

void import_draft_init(struct import_draft *draft)
{
    *draft = (struct import_draft){
        .exchange = {.id = "", .authority = "", .proto = "HTTP/1.1", .variant = "", .weight = 1}};
    arena_init(&draft->arena);
}

void import_draft_release(struct import_draft *draft)
{
    arena_release(&draft->arena);
}

void import_draft_warn(struct import_draft *draft, const char *text)
{
    for (size_t i = 0; i < draft->warning_count; i++) {
        if (draft->warnings[i] == text)
            return;
    }
    if (draft->warning_count < IMPORT_DRAFT_WARNINGS)
        draft->warnings[draft->warning_count++] = text;
}

const char *import_draft_copy(struct import_draft *draft, const char *text, size_t size)
{
    char *copy = arena_copy_bytes(&draft->arena, text, size);
    if (copy == NULL)
        draft->failed = true;
    return copy;
}

static void set_target(struct import_draft *draft, const struct url *url)
{
    struct buffer clean;
    buffer_init(&clean, SIZE_MAX / 2);
    target_append_clean(&clean, url->target, url->target_size, true);
    draft->failed |= clean.failed;
    if (clean.length > url->target_size + 1)
        import_draft_warn(draft, import_target_encoded);
    draft->exchange.request.target = import_draft_copy(draft, buffer_text(&clean), clean.length);
    buffer_release(&clean);
}

const char *import_draft_set_url(struct import_draft *draft, const char *text, size_t size)
{
    struct url url;
    switch (url_split(text, size, &url)) {
    case URL_HTTP:
        break;
    case URL_OTHER:
        return "the URL is not of http or https";
    case URL_BROKEN:
        return "the URL has no host";
    }
    if (url.user != NULL)
        import_draft_warn(draft, "the user and password in the URL were dropped");
    draft->exchange.authority = import_draft_copy(draft, url.authority, url.authority_size);
    set_target(draft, &url);
    return NULL;
}

static bool grow(struct import_draft *draft, struct import_headers *headers)
{
    if (headers->count < headers->capacity)
        return true;
    size_t wanted = headers->capacity == 0 ? 16 : headers->capacity * 2;
    struct header *items = arena_alloc_array(&draft->arena, wanted, sizeof *items);
    if (items == NULL) {
        draft->failed = true;
        return false;
    }
    if (headers->count > 0)
        memcpy(items, headers->items, headers->count * sizeof *items);
    headers->items = items;
    headers->capacity = wanted;
    return true;
}

void import_draft_add_header(struct import_draft *draft, struct import_headers *headers,
                             const char *name, const char *value, size_t value_size)
{
    while (value_size > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        value_size--;
    }
    while (value_size > 0 && strchr(" \t\r\n", value[value_size - 1]) != NULL)
        value_size--;
    const char *copy = import_draft_copy(draft, value, value_size);
    if (copy == NULL || !grow(draft, headers))
        return;
    if (!wire_is_token(name) || strlen(copy) != value_size || !wire_is_value(copy) ||
        !text_is_utf8(copy, value_size)) {
        import_draft_warn(draft, "a header is not fit for HTTP/1.1 and was dropped");
        return;
    }
    headers->items[headers->count].name = import_draft_copy(draft, name, strlen(name));
    headers->items[headers->count].value = copy;
    headers->count += headers->items[headers->count].name != NULL;
}

void import_draft_remove_header(struct import_headers *headers, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++) {
        if (!wire_same_name(headers->items[i].name, name))
            headers->items[kept++] = headers->items[i];
    }
    headers->count = kept;
}

const char *import_draft_find_header(const struct import_headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (wire_same_name(headers->items[i].name, name))
            return headers->items[i].value;
    }
    return NULL;
}

bool import_draft_set_base64(struct import_draft *draft, const char *text, size_t size,
                             struct body *out)
{
    bool valid;
    size_t decoded;
    char *data = base64_decode(text, size, &draft->arena, &decoded, &valid);
    if (data == NULL) {
        draft->failed |= valid;
        return false;
    }
    *out = (struct body){data, decoded};
    return true;
}

bool import_draft_take(struct import_draft *draft, struct import_run *run,
                       struct import_place place, bool *taken)
{
    struct exchange *exchange = &draft->exchange;
    *taken = false;
    if (draft->failed)
        return error_set_memory(run->err);
    if (exchange->request.headers.items == NULL)
        exchange->request.headers = (struct headers){draft->request.items, draft->request.count};
    if (exchange->response.headers.items == NULL)
        exchange->response.headers = (struct headers){draft->response.items, draft->response.count};
    if (!import_take(run, place, exchange, taken))
        return false;
    for (size_t i = 0; *taken && i < draft->warning_count; i++)
        import_note_warning(run, place, draft->warnings[i]);
    return true;
}
