/* What is known of production: its requests, its machines and its bill. */
#ifndef TOLLGATE_INSIGHTS_COST_TERMS_H
#define TOLLGATE_INSIGHTS_COST_TERMS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A month of 730 hours, as the bills of the large providers have it. */
#define COST_MONTH_HOURS 730.0

/* A row of the requests file. */
struct cost_count {
    const char *endpoint;
    double requests;
    double period_hours; /* that they came in; NAN = the file does not say */
    size_t line;
};

struct cost_counts {
    const char *path;              /* as messages name it */
    const struct cost_count *rows; /* by endpoint, no name twice */
    size_t count;
};

/* All of NAN, NULL and false is "not known". */
struct cost_terms {
    const char *currency; /* NULL = "USD" */
    bool has_amount;
    int64_t amount_micros;            /* of the bill, a month */
    const char *amount_from;          /* in words: "tollgate.json", "bill.csv, 744 rows" */
    double instance_hours;            /* a month, that were paid for */
    double cpu_hours;                 /* a month, that production says the gateway used */
    double price_per_hour;            /* of an instance, units of the currency */
    double vcpus;                     /* of an instance */
    double memory_gb;                 /* of an instance: then a part of the price is the memory's */
    double utilisation;               /* of the vCPUs, 0 to 1 */
    double period_hours;              /* that counts without a period of their own are of */
    const struct cost_counts *counts; /* NULL = the corpus's weights */
};

/* Nothing known. */
void cost_terms_init(struct cost_terms *terms);

/* "hour", "day", "week", "month", "year", "30 days", "90m", "3600s" as hours. False when it is none
 * of those, or not above 0. */
MUST_CHECK bool cost_parse_period(const char *text, double *hours);

/* The price of a vCPU hour: of an instance that costs `price_per_hour`, all of it divided over its
 * vCPUs, or with memory 9 : 1 between a vCPU and a GB. NAN when not known. */
double cost_vcpu_price(const struct cost_terms *terms);

#endif
