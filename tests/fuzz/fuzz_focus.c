/* Whatever the bytes are: a bill within its bounds, or a reason why not that names the file. Seeds:
 * fixtures/focus. */
#include "insights/focus.h"
#include "insights/money.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct focus_filter filter = {"ServiceName", "Compute"};
    for (size_t filters = 0; filters < 2; filters++) {
        struct focus_question question = {.path = "x.csv",
                                          .text = (const char *)data,
                                          .size = size,
                                          .cost = "BilledCost",
                                          .filters = &filter,
                                          .filter_count = filters};
        struct focus_bill bill;
        struct arena arena;
        struct error err = {0};
        arena_init(&arena);
        if (focus_read(&bill, &question, &arena, &err)) {
            if (bill.month_micros < 0 || bill.month_micros > MONEY_MAX_MICROS)
                BUG("a bill out of bounds");
            if (bill.kept == 0 || bill.kept > bill.rows || !(bill.hours > 0))
                BUG("a bill of nothing");
            if (!money_is_currency(bill.currency))
                BUG("no currency");
        } else if (err.code == ERROR_NONE) {
            BUG("refused without a reason");
        } else if (err.code == ERROR_INPUT && strncmp(err.where, "x.csv", 5) != 0) {
            BUG("does not name the file: %s", err.where);
        }
        arena_release(&arena);
    }
    return 0;
}
