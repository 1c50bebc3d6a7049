#include "insights/cost_terms.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* OpenCost's split of an instance's price: a vCPU costs as much as so many GB. */
static const double vcpu_in_gb = 9;

static const double month_days = COST_MONTH_HOURS / 24;

/* The longest period is a century, so that no rate comes near 0. */
static const double period_hours_max = 24.0 * 366 * 100;

void cost_terms_init(struct cost_terms *terms)
{
    *terms = (struct cost_terms){.instance_hours = NAN,
                                 .cpu_hours = NAN,
                                 .price_per_hour = NAN,
                                 .vcpus = NAN,
                                 .memory_gb = NAN,
                                 .utilisation = NAN,
                                 .period_hours = NAN};
}

static double hours_of(const char *unit)
{
    static const struct {
        const char *name;
        double hours;
    } units[] = {
        {"s", 1.0 / 3600},
        {"second", 1.0 / 3600},
        {"seconds", 1.0 / 3600},
        {"m", 1.0 / 60},
        {"min", 1.0 / 60},
        {"minute", 1.0 / 60},
        {"minutes", 1.0 / 60},
        {"h", 1},
        {"hour", 1},
        {"hours", 1},
        {"d", 24},
        {"day", 24},
        {"days", 24},
        {"w", 168},
        {"week", 168},
        {"weeks", 168},
        {"month", -1},
        {"months", -1},
        {"year", -12},
        {"years", -12},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].name, unit) == 0)
            return units[i].hours < 0 ? -units[i].hours * month_days * 24 : units[i].hours;
    return NAN;
}

bool cost_parse_period(const char *text, double *hours)
{
    char *end = NULL;
    double count = 1;
    if (isdigit((unsigned char)*text)) {
        size_t digits = strspn(text, "0123456789.");
        count = strtod(text, &end);
        if (end != text + digits)
            return false;
        text = end + strspn(end, " ");
    }
    double found = count * hours_of(text);
    if (!(found > 0) || found > period_hours_max)
        return false;
    *hours = found;
    return true;
}

double cost_vcpu_price(const struct cost_terms *terms)
{
    if (isnan(terms->memory_gb))
        return terms->price_per_hour / terms->vcpus;
    return terms->price_per_hour * vcpu_in_gb / (vcpu_in_gb * terms->vcpus + terms->memory_gb);
}
