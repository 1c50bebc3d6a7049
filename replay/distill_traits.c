#include "replay/distill.h"

#include "base/hash.h"

#include <math.h>

/* 0 for 0, else one more with each doubling, up to 31. */
static unsigned magnitude(size_t size)
{
    unsigned bits = 0;
    for (; size > 0 && bits < 31; size >>= 1)
        bits++;
    return bits;
}

static unsigned shape_of(const struct exchange *exchange)
{
    enum { CALLS_TOLD_APART = 30 };
    size_t calls = exchange->upstream_count;
    calls = calls < CALLS_TOLD_APART ? calls : CALLS_TOLD_APART + magnitude(calls);
    return ((unsigned)calls * 32 + magnitude(exchange->request.body.size)) * 32 +
           magnitude(exchange->response.body.size);
}

void distill_describe(struct distill_item *item, const struct exchange *exchange,
                      const struct corpus_entry *entry)
{
    const struct request *request = &exchange->request;
    size_t target_bytes = strlen(request->target);
    bool refused = exchange->response.status >= 400;
    double calls = 0, took_ns = 0;
    *item = (struct distill_item){.weight = entry->weight,
                                  .cost = NAN,
                                  .cpu_ns = NAN,
                                  .endpoint = entry->endpoint,
                                  .variant = entry->variant,
                                  .target = hash_mix(request->target, target_bytes),
                                  .status = (uint16_t)exchange->response.status,
                                  .shape = (uint16_t)shape_of(exchange)};
    for (size_t i = 0; i < exchange->upstream_count; i++) {
        const struct upstream_answer *answer = &exchange->upstream[i];
        calls += (double)answer->request.body.size + (double)answer->response.body.size;
        took_ns += (double)answer->latency_ns;
    }
    item->replay_ns = took_ns;
    item->traits[refused ? DISTILL_REFUSED : DISTILL_ANSWERED] = 1;
    item->traits[refused ? DISTILL_SENT_REFUSED : DISTILL_SENT] =
        (float)(target_bytes + request->body.size);
    item->traits[DISTILL_RECEIVED] = (float)exchange->response.body.size;
    item->traits[DISTILL_CALLS] = (float)exchange->upstream_count;
    item->traits[DISTILL_CALL_BYTES] = (float)calls;
}
