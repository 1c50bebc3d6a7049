#include "rig/noise.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "baselines/power.h"
#include "baselines/statistics.h"
#include "rig/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SIDES = 2,
    REPLICATES_MOST = 2000,
    TABLE_WORDS = 1 << 17, /* 1 MiB: more than the first caches hold, as a gateway has */
    CALLS = 20,            /* system calls a request, and pieces of its work between them */
    WARM_UP = 10,
    REQUEST_NS = 100000, /* what a request should cost */
    SETTLE_LIMIT_MS = 200,
    ANSWER_LIMIT_MS = 10000,
};

#define TRIM            0.2 /* as the live pass has it */
#define DETECTION_POWER 0.9

struct worker {
    pid_t pid;
    int to, from;
};

struct meter {
    const struct noise_options *options;
    int steps; /* of work a request */
    struct random random;
    double *cpu_ns[SIDES]; /* [pair] */
    double *scratch;       /* [pair] */
    double *log_ratios;    /* [replicate] */
    size_t replicates;
};

/* A request: memory at random places, branches that cannot be foreseen, arithmetic. */
static uint64_t work_piece(uint64_t *table, int steps)
{
    uint64_t state = 88172645463325252ULL, sum = 0;
    for (int i = 0; i < steps; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        uint64_t *cell = &table[state % TABLE_WORDS];
        if ((*cell ^ state) & 1)
            sum += *cell;
        *cell += state;
    }
    return sum;
}

/* What keeps the compiler from leaving the work out. */
static volatile uint64_t worker_sum;

/* Memory that comes and goes, and calls into the kernel, as handlers have them. */
static void work(uint64_t *table, int steps)
{
    char name[64];
    void *held[CALLS];
    for (int i = 0; i < CALLS; i++) {
        held[i] = malloc((size_t)(64 << (i % 6)));
        worker_sum += work_piece(table, steps / CALLS) + (held[i] != NULL);
        worker_sum += (uint64_t)readlink("/proc/self/exe", name, sizeof name);
    }
    for (int i = 0; i < CALLS; i++)
        free(held[i]);
}

/* Answers each byte with a byte, until the pipe is closed. */
static _Noreturn void worker_serve(int in, int out, int steps)
{
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    uint64_t *table = calloc(TABLE_WORDS, sizeof *table);
    while (table != NULL && read(in, &byte, 1) == 1) {
        work(table, steps);
        if (write(out, &byte, 1) != 1)
            break;
    }
    _exit(table == NULL);
}

static bool worker_start(struct worker *worker, int steps, struct error *err)
{
    int requests[2], answers[2];
    if (pipe2(requests, O_CLOEXEC) != 0)
        return error_set_errno(err, "cannot make a pipe");
    if (pipe2(answers, O_CLOEXEC) != 0) {
        close(requests[0]);
        close(requests[1]);
        return error_set_errno(err, "cannot make a pipe");
    }
    worker->pid = fork();
    if (worker->pid == 0) {
        close(requests[1]);
        close(answers[0]);
        worker_serve(requests[0], answers[1], steps);
    }
    close(requests[0]);
    close(answers[1]);
    worker->to = requests[1];
    worker->from = answers[0];
    return worker->pid > 0 || error_set_errno(err, "cannot start a process to measure with");
}

/* Safe on one that was never started. */
static void worker_stop(struct worker *worker)
{
    if (worker->pid > 0) {
        kill(worker->pid, SIGKILL);
        waitpid(worker->pid, NULL, 0);
    }
    if (worker->to > 0) {
        close(worker->to);
        close(worker->from);
    }
    *worker = (struct worker){0};
}

/* Until the process waits for its next request, as the live pass lets a gateway settle. */
static void worker_settle(const struct worker *worker)
{
    int64_t deadline = clock_monotonic_ns() + SETTLE_LIMIT_MS * NS_PER_MS;
    int64_t before = process_read_cpu_ns(worker->pid);
    while (clock_monotonic_ns() < deadline) {
        nanosleep(&(struct timespec){0, 1000}, NULL);
        int64_t after = process_read_cpu_ns(worker->pid);
        if (after == before && !process_is_busy(worker->pid))
            return;
        before = after;
    }
}

static bool worker_send(const struct worker *worker, const struct interrupt *interrupt,
                        struct error *err)
{
    char byte = 0;
    struct pollfd watched[2] = {{.fd = worker->from, .events = POLLIN},
                                {.fd = interrupt != NULL ? interrupt->fd : -1, .events = POLLIN}};
    if (write(worker->to, &byte, 1) != 1)
        return error_set_errno(err, "cannot reach the process to measure with");
    int ready;
    do {
        ready = poll(watched, 2, ANSWER_LIMIT_MS);
    } while (ready < 0 && errno == EINTR);
    if (watched[1].revents != 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted");
    if (ready <= 0 || read(worker->from, &byte, 1) != 1)
        return error_set(err, ERROR_ENVIRONMENT, "the process to measure with does not answer");
    worker_settle(worker);
    return true;
}

/* The CPU time of one request. */
static bool worker_measure(const struct worker *worker, const struct interrupt *interrupt,
                           double *cpu_ns, struct error *err)
{
    int64_t before = process_read_cpu_ns(worker->pid);
    if (!worker_send(worker, interrupt, err))
        return false;
    *cpu_ns = (double)(process_read_cpu_ns(worker->pid) - before);
    return true;
}

static bool play(struct meter *meter, const struct worker *workers, struct error *err)
{
    const struct interrupt *interrupt = meter->options->interrupt;
    for (int i = 0; i < WARM_UP * SIDES; i++)
        if (!worker_send(&workers[i % SIDES], interrupt, err))
            return false;
    for (int pair = 0; pair < meter->options->pairs; pair++) {
        size_t first = random_below(&meter->random, SIDES);
        for (size_t turn = 0; turn < SIDES; turn++) {
            size_t side = (first + turn) % SIDES;
            if (!worker_measure(&workers[side], interrupt, &meter->cpu_ns[side][pair], err))
                return false;
        }
    }
    return true;
}

static void keep(struct meter *meter)
{
    size_t count = 0;
    for (int i = 0; i < meter->options->pairs; i++)
        if (meter->cpu_ns[0][i] > 0 && meter->cpu_ns[1][i] > 0)
            meter->scratch[count++] = log(meter->cpu_ns[0][i] / meter->cpu_ns[1][i]);
    statistics_sort_values(meter->scratch, count);
    if (count > 0)
        meter->log_ratios[meter->replicates++] =
            statistics_find_trimmed_mean(meter->scratch, count, TRIM);
}

static bool replicate(struct meter *meter, struct error *err)
{
    struct worker workers[SIDES] = {{0}, {0}};
    bool ok = worker_start(&workers[0], meter->steps, err) &&
              worker_start(&workers[1], meter->steps, err) && play(meter, workers, err);
    for (size_t side = 0; side < SIDES; side++)
        worker_stop(&workers[side]);
    return ok;
}

/* How many steps take REQUEST_NS of this CPU: by doubling, then in proportion. */
static bool calibrate(struct meter *meter, struct error *err)
{
    uint64_t *table = calloc(TABLE_WORDS, sizeof *table);
    if (table == NULL)
        return error_set_memory(err);
    int64_t spent = 0;
    meter->steps = 1000;
    for (; meter->steps < 1 << 28; meter->steps *= 2) {
        int64_t before = process_read_cpu_ns(getpid());
        work(table, meter->steps);
        spent = process_read_cpu_ns(getpid()) - before;
        if (spent >= 4 * REQUEST_NS)
            break;
    }
    free(table);
    if (spent > 0)
        meter->steps = (int)((double)meter->steps * REQUEST_NS / (double)spent) + 1;
    return true;
}

static bool measure_for_a_while(struct meter *meter, struct error *err)
{
    int64_t began = clock_monotonic_ns();
    int64_t limit_ns = (int64_t)(meter->options->seconds * NS_PER_SECOND);
    while (meter->replicates < REPLICATES_MOST) {
        int64_t passed = clock_monotonic_ns() - began;
        if (passed >= limit_ns)
            break;
        if (meter->options->progress != NULL)
            progress_update(meter->options->progress, (size_t)(passed * 100 / limit_ns), 100);
        if (!replicate(meter, err))
            return false;
        keep(meter);
    }
    return true;
}

static void summarise(struct meter *meter, struct noise *noise)
{
    size_t pairs = (size_t)meter->options->pairs;
    noise->replicates = meter->replicates;
    noise->sd = statistics_find_sd(meter->log_ratios, meter->replicates);
    noise->mean = statistics_find_mean(meter->log_ratios, meter->replicates);
    statistics_sort_values(meter->cpu_ns[0], pairs);
    noise->unit_ns = statistics_find_median(meter->cpu_ns[0], pairs);
}

static bool meter_allocate(struct meter *meter, struct error *err)
{
    size_t pairs = (size_t)meter->options->pairs;
    meter->cpu_ns[0] = calloc(pairs, sizeof(double));
    meter->cpu_ns[1] = calloc(pairs, sizeof(double));
    meter->scratch = calloc(pairs, sizeof(double));
    meter->log_ratios = calloc(REPLICATES_MOST, sizeof(double));
    return (meter->cpu_ns[0] != NULL && meter->cpu_ns[1] != NULL && meter->scratch != NULL &&
            meter->log_ratios != NULL) ||
           error_set_memory(err);
}

bool noise_measure(struct noise *noise, const struct noise_options *options, struct error *err)
{
    struct meter meter = {.options = options};
    cpu_set_t before;
    bool ok = false;
    bool restorable = sched_getaffinity(0, sizeof before, &before) == 0;
    int slack = prctl(PR_GET_TIMERSLACK);
    int64_t began = clock_monotonic_ns();
    int64_t stolen = machine_stolen_ns(options->cpu);
    *noise = (struct noise){.cpu = options->cpu, .sd = NAN, .mean = NAN, .unit_ns = NAN};
    random_seed(&meter.random, 1);
    /* Where pinning is refused the noise is what it is without. */
    (void)!machine_pin(options->cpu);
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (!meter_allocate(&meter, err) || !calibrate(&meter, err) ||
        !measure_for_a_while(&meter, err))
        goto out;
    summarise(&meter, noise);
    noise->seconds = (double)(clock_monotonic_ns() - began) / NS_PER_SECOND;
    noise->stolen_share =
        (double)(machine_stolen_ns(options->cpu) - stolen) / (noise->seconds * NS_PER_SECOND);
    ok = true;
out:
    prctl(PR_SET_TIMERSLACK, (unsigned long)slack);
    if (restorable)
        (void)!sched_setaffinity(0, sizeof before, &before);
    free(meter.cpu_ns[0]);
    free(meter.cpu_ns[1]);
    free(meter.scratch);
    free(meter.log_ratios);
    return ok;
}

double noise_find_smallest(const struct noise *noise, const struct noise_question *question)
{
    struct power_design design = {question->replicates, noise->sd, question->alpha,
                                  question->endpoints};
    if (!(noise->sd >= 0))
        return NAN;
    double excess = power_find_excess(&design, DETECTION_POWER);
    return statistics_convert_log_ratio(statistics_convert_change(question->margin) + excess);
}
