#include "rig/agent/unwind.h"
#include "rig/agent/rules.h"

#define WORD sizeof(uintptr_t)

enum step { STEP_DONE, STEP_OUTERMOST, STEP_LOST };

static inline uintptr_t word_at(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

/* Between what is in use of the thread's stack and its end. */
static inline bool is_readable(const struct unwind_stack *stack, const struct unwind_frame *frame,
                               uintptr_t address)
{
    return address >= frame->stack && address < stack->high && address % WORD == 0;
}

static inline void add_check(struct unwind_stack *stack, uintptr_t at, uintptr_t word)
{
    stack->checks[stack->check_count++] = (struct unwind_check){at, word};
}

static inline void add_checks(struct unwind_stack *stack, struct unwind_frame *frame)
{
    frame->check = stack->check_count;
    add_check(stack, frame->stack - WORD, frame->address);
    if (frame->frame_matters && frame->frame_read_at != 0)
        add_check(stack, frame->frame_read_at, frame->frame);
    if (UNLIKELY(frame->stack_read_at != 0))
        add_check(stack, frame->stack_read_at, frame->stack);
}

/* 0 when it has not. */
static inline uintptr_t changed(const struct unwind_check *check)
{
    return word_at(check->at) ^ check->word;
}

/* Of the last walk's frames, how many a walk may come by from here on and find all words unchanged
 * that led further out: `known` when that is so for its innermost one. Frames that were left in the
 * meantime may look as if. */
static inline uint32_t count_right(const struct unwind_stack *stack, uint32_t known)
{
    uint32_t check = stack->frames[known - 1].check;
    while (check >= 4 &&
           (changed(&stack->checks[check - 1]) | changed(&stack->checks[check - 2]) |
            changed(&stack->checks[check - 3]) | changed(&stack->checks[check - 4])) == 0)
        check -= 4;
    while (check > 0 && changed(&stack->checks[check - 1]) == 0)
        check--;
    if (LIKELY(check == 0))
        return known;
    while (stack->frames[known - 1].check >= check)
        known--;
    return known;
}

static inline bool is_same(const struct unwind_frame *now, const struct unwind_frame *then)
{
    return now->stack == then->stack && now->address == then->address &&
           (!then->frame_matters || now->frame == then->frame);
}

/* The caller's frame pointer, where the rule says that it was saved. */
static inline void step_frame(const struct unwind_stack *stack, struct unwind_frame *frame,
                              struct cfi_rule rule, uintptr_t cfa)
{
    if (rule.frame == CFI_KEPT) {
        frame->frame_read_at = 0;
        return;
    }
    uintptr_t saved = (rule.frame == CFI_AT_CFA ? cfa : frame->frame) +
                      (uintptr_t)((intptr_t)rule.frame_words * (intptr_t)WORD);
    bool found = rule.frame != CFI_LOST && is_readable(stack, frame, saved);
    frame->frame_read_at = found ? saved : 0;
    frame->frame = found ? word_at(saved) : 1; /* which nothing can be read from */
}

/* From a frame to its caller's. */
static inline enum step step(const struct unwind_stack *stack, struct unwind_frame *frame,
                             struct cfi_rule rule)
{
    uintptr_t base = rule.base == CFI_STACK ? frame->stack : frame->frame;
    uintptr_t cfa = base + (uintptr_t)(intptr_t)rule.cfa_offset;
    /* By convention the outermost function's frame pointer is 0. */
    if (UNLIKELY(rule.base == CFI_END || (rule.base == CFI_FRAME && frame->frame == 0)))
        return STEP_OUTERMOST;
    frame->stack_read_at = 0;
    if (UNLIKELY(rule.base == CFI_SAVED)) {
        if (!is_readable(stack, frame, cfa))
            return STEP_LOST;
        frame->stack_read_at = cfa;
        cfa = word_at(cfa);
    }
    /* Outwards is upwards: so a walk ends. */
    if (UNLIKELY(cfa <= frame->stack || !is_readable(stack, frame, cfa - WORD)))
        return STEP_LOST;
    step_frame(stack, frame, rule, cfa);
    frame->address = word_at(cfa - WORD);
    frame->stack = cfa;
    return frame->address != 0 ? STEP_DONE : STEP_LOST;
}

static inline struct unwind_frame first_frame(const uintptr_t *own)
{
    for (;;) {
        struct unwind_frame frame = {
            .address = own[1], .stack = (uintptr_t)(own + 2), .frame = own[0]};
        if (unwind_plain_address(frame.address) - agent_code.start >= agent_code.size)
            return frame;
        own = (const uintptr_t *)frame.frame;
    }
}

static inline bool add_fresh(struct unwind_stack *stack, const struct unwind_frame *now,
                             struct cfi_rule rule)
{
    if (UNLIKELY(stack->fresh_count == UNWIND_DEPTH_MAX))
        return false;
    struct unwind_frame *frame = &stack->fresh[stack->fresh_count++];
    *frame = *now;
    stack->fresh_hash = (stack->fresh_hash ^ now->address) * UINT64_C(0x9e3779b97f4a7c15);
    frame->frame_matters =
        rule.base == CFI_FRAME || rule.base == CFI_SAVED || rule.frame == CFI_AT_FRAME;
    frame->frame_kept = rule.frame == CFI_KEPT;
    return true;
}

static bool give_up(struct unwind_stack *stack)
{
    stack->count = stack->check_count = 0;
    stack->whole = false;
    return false;
}

/* Of the last walk's frames, how many are not further in than this one. */
static inline uint32_t pass_inner(const struct unwind_stack *stack, uint32_t known,
                                  const struct unwind_frame *now)
{
    while (known > 0 && stack->frames[known - 1].stack < now->stack)
        known--;
    return known;
}

/* Where `now` was read may be another place than last time. */
static bool join(struct unwind_stack *stack, uint32_t known, const struct unwind_frame *now)
{
    stack->check_count = 0;
    if (known > 0) {
        struct unwind_frame *frame = &stack->frames[known - 1];
        stack->check_count = frame->check;
        frame->frame = now->frame;
        frame->stack_read_at = now->stack_read_at;
        frame->frame_read_at = now->frame_read_at;
        add_checks(stack, frame);
    }
    stack->count = known;
    stack->whole = true;
    return true;
}

/* Whether the way outwards from a frame depends on its frame pointer follows from its caller's. */
void unwind_keep(struct unwind_stack *stack)
{
    bool outer = stack->count > 0 && stack->frames[stack->count - 1].frame_matters;
    for (uint32_t i = stack->fresh_count; i-- > 0;) {
        struct unwind_frame *frame = &stack->frames[stack->count++];
        *frame = stack->fresh[i];
        frame->frame_matters = frame->frame_matters || (frame->frame_kept && outer);
        outer = frame->frame_matters;
        add_checks(stack, frame);
    }
    stack->fresh_count = 0;
}

bool unwind_walk(struct unwind_stack *stack, const uintptr_t *own)
{
    struct unwind_frame now = first_frame(own);
    uint32_t known = stack->whole ? stack->count : 0;
    stack->fresh_count = 0;
    stack->fresh_hash = 0;
    if (UNLIKELY(now.stack < stack->low || now.stack >= stack->high)) {
        add_fresh(stack, &now, CFI_FRAME_POINTER_RULE);
        return give_up(stack);
    }
    for (;;) {
        known = pass_inner(stack, known, &now);
        if (known > 0 && is_same(&now, &stack->frames[known - 1])) {
            uint32_t right = count_right(stack, known);
            if (right == known && known + stack->fresh_count <= UNWIND_DEPTH_MAX)
                return join(stack, known, &now);
            known = right;
        }
        struct cfi_rule rule = rules_find(now.address);
        if (!add_fresh(stack, &now, rule))
            return give_up(stack);
        enum step made = step(stack, &now, rule);
        if (made == STEP_OUTERMOST)
            return join(stack, 0, &now);
        if (made == STEP_LOST)
            return give_up(stack);
    }
}
