/* Burns CPU time for the seconds given, in functions inlined and not, in libc, and at varying
 * depths; then copies /proc/self/maps to the file given. What bench-symbols records with perf. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 1000, DEPTHS = 12, VALUES = 64 };

static inline unsigned mix(unsigned value)
{
    return (value * 2654435761U) ^ (value >> 7);
}

static inline unsigned fold(const char *text)
{
    unsigned sum = 0;
    while (*text != '\0')
        sum = mix(sum + (unsigned char)*text++);
    return sum;
}

static int by_mixed(const void *left, const void *right)
{
    unsigned a = mix(*(const unsigned *)left), b = mix(*(const unsigned *)right);
    return (a > b) - (a < b);
}

static __attribute__((noinline)) unsigned print(unsigned value)
{
    char text[64];
    snprintf(text, sizeof text, "%u:%f", value, value / 3.0);
    return fold(text);
}

static __attribute__((noinline)) unsigned descend(unsigned value, unsigned depth)
{
    unsigned values[VALUES];
    if (depth > 0)
        return descend(value + 1, depth - 1) + 1;
    for (unsigned i = 0; i < VALUES; i++)
        values[i] = mix(value + i);
    qsort(values, VALUES, sizeof *values, by_mixed);
    return values[0] + print(value);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    unsigned sum = 0;
    if (count != 3)
        return 2;
    double seconds = strtod(arguments[1], NULL);
    while (cpu_seconds() < seconds)
        for (unsigned i = 0; i < ROUNDS; i++)
            sum += descend(i, i % DEPTHS);
    FILE *maps = fopen("/proc/self/maps", "r"), *out = fopen(arguments[2], "w");
    if (maps == NULL || out == NULL)
        return 2;
    for (int c = getc(maps); c != EOF; c = getc(maps))
        putc(c, out);
    fclose(maps);
    if (fclose(out) != 0)
        return 2;
    printf("%u\n", sum);
    return 0;
}
