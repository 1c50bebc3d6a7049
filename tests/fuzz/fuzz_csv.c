/* Whatever the bytes are: records of as many fields as the header names, or a place where that is
 * not so. Seeds: fixtures/csv. */
#include "base/csv.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct csv_reader *csv, struct error *err)
{
    bool more = true;
    size_t line = 0;
    while (csv_next(csv, &more, err) && more) {
        if (csv->field_count != csv->header_count)
            BUG("%zu fields of %zu", csv->field_count, csv->header_count);
        if (csv_line(csv) <= line)
            BUG("a record on the line of the one before");
        line = csv_line(csv);
        for (size_t i = 0; i < csv->field_count; i++)
            if (strlen(csv_field(csv, i)) > CSV_RECORD_MAX_BYTES || csv->fields[i].column == 0)
                BUG("field %zu is out of bounds", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct csv_reader csv;
    struct error err = {0};
    if (csv_open(&csv, "x.csv", (const char *)data, size, &err)) {
        read_all(&csv, &err);
        csv_release(&csv);
    } else if (err.code == ERROR_NONE) {
        BUG("refused without a reason");
    }
    if (err.code == ERROR_INPUT && strncmp(err.where, "x.csv:", 6) != 0)
        BUG("does not name the place: %s", err.where);
    return 0;
}
