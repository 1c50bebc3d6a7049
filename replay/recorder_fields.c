/* The fields of a request as they go out: what belongs to the connection stays behind (RFC 9110,
 * 7.6.1), the rest is passed on as it came, in its order and spelling. */
#include "replay/recorder_private.h"

#include "replay/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Lines, each with a NUL after it. */
struct draft {
    const struct passage *passage;
    const struct captured_fields *asked;
    struct buffer lines;
    size_t count;
    bool has_host, has_length;
};

static void add_field(struct draft *draft, const char *name, const char *value)
{
    buffer_append_string(&draft->lines, name);
    if (value[strspn(value, " \t")] == '\0') {
        buffer_append_char(&draft->lines, ';'); /* libcurl's notation for an empty value */
    } else {
        buffer_append_string(&draft->lines, ": ");
        buffer_append_string(&draft->lines, value);
    }
    buffer_append_char(&draft->lines, '\0');
    draft->count++;
}

static void add_line(struct draft *draft, const char *line)
{
    buffer_append(&draft->lines, line, strlen(line) + 1);
    draft->count++;
}

/* Whether a gateway that was given our address for its upstream's sent it as the host. */
static bool is_own_address(const struct site *site, const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "0.0.0.0"};
    char text[64];
    if (site->name == NULL)
        return false;
    if (strcasecmp(host, site->address) == 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(text, sizeof text, "%s:%d", names[i], site->port);
        if (strcasecmp(host, text) == 0)
            return true;
    }
    return false;
}

static void add_asked(struct draft *draft, const char *name, const char *value)
{
    const struct passage *passage = draft->passage;
    if (captured_fields_is_hop_by_hop(draft->asked, name))
        return;
    if (wire_same_name(name, "Expect"))
        return;
    if (wire_same_name(name, "Host")) {
        if (!draft->has_host)
            add_field(draft, name,
                      is_own_address(passage->site, value) ? passage->site->host : value);
        draft->has_host = true;
    } else if (wire_same_name(name, "Content-Length")) {
        /* Beside chunks it has no meaning, and twice it is a trap for whoever reads on. */
        if (!passage->is_chunked && !draft->has_length && (passage->has_body || !passage->is_head))
            add_field(draft, name, value);
        draft->has_length = true;
    } else {
        add_field(draft, name, value);
    }
}

static void write_lines(struct draft *draft)
{
    static const char *const suppressed[] = {"Host:", "Accept:", "Content-Type:"};
    const struct passage *passage = draft->passage;
    for (size_t i = 0; i < COUNT_OF(suppressed); i++)
        add_line(draft, suppressed[i]);
    add_line(draft, passage->phase == PHASE_CONTINUE ? "Expect: 100-continue" : "Expect:");
    for (const char *name = captured_fields_next(draft->asked, NULL); name != NULL;
         name = captured_fields_next(draft->asked, name))
        add_asked(draft, name, captured_fields_value(name));
    if (!draft->has_host)
        add_field(draft, "Host", passage->site->host);
    if (passage->is_chunked && passage->has_body)
        add_line(draft, "Transfer-Encoding: chunked");
    if (passage->traceparent[0] != '\0')
        add_field(draft, "traceparent", passage->traceparent);
    if (passage->recorded != NULL && passage->site->name == NULL &&
        passage->recorded->captured->injected_request_id[0] != '\0')
        add_field(draft, "X-Request-ID", passage->recorded->captured->injected_request_id);
}

/* The nodes, and the text behind them. */
static struct curl_slist *assemble(const struct draft *draft)
{
    size_t nodes_bytes = draft->count * sizeof(struct curl_slist);
    struct curl_slist *nodes = malloc(nodes_bytes + draft->lines.length);
    if (nodes == NULL)
        return NULL;
    char *text = (char *)(nodes + draft->count);
    memcpy(text, draft->lines.data, draft->lines.length);
    for (size_t i = 0; i < draft->count; i++) {
        nodes[i].data = text;
        nodes[i].next = i + 1 < draft->count ? &nodes[i + 1] : NULL;
        text += strlen(text) + 1;
    }
    return nodes;
}

struct curl_slist *fields_to_send(const struct passage *passage,
                                  const struct captured_fields *asked)
{
    struct draft draft = {.passage = passage, .asked = asked};
    buffer_init(&draft.lines, SIZE_MAX / 2);
    write_lines(&draft);
    struct curl_slist *list = draft.lines.failed ? NULL : assemble(&draft);
    buffer_release(&draft.lines);
    return list;
}
