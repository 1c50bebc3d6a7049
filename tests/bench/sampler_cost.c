/* What the stack sampler costs a gateway. Two gateways of one build run side by side on one CPU,
 * one of them sampled, and take turns request by request; a replicate starts both afresh, and the
 * arrangements follow each other within a round. The cost is the mean over replicates of the log
 * ratio of all CPU time spent, with its interval of 95 %, held against two gateways of which
 * neither is sampled. "timer alone" takes no samples: so often to be interrupted is what any
 * sampler costs on this machine.
 *
 *     bench-sampler CONFIG [ROUNDS [PAIRS [GOAL_PERCENT]]]
 *
 * Exits 1 when sampling as the stacks pass does costs more than the goal (2 if not given), 2 when
 * it could not be measured. */
#include "base/clock.h"
#include "base/random.h"
#include "baselines/statistics.h"
#include "rig/keeper.h"
#include "rig/lane.h"
#include "rig/machine.h"
#include "rig/pass_stacks.h"
#include "rig/perf_events.h"
#include "rig/perf_images.h"
#include "rig/workspace.h"

#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS_MAX = 500 };

enum sampling {
    SAMPLING_NONE,
    SAMPLING_TIMER, /* the interrupts of a sampler, and nothing else */
    SAMPLING_CPU,   /* by the CPU's clock, where that is allowed */
    SAMPLING_INHERITED,
};

struct arrangement {
    const char *name;
    enum sampling sampling;
    uint32_t stack_bytes;
};

static const struct arrangement arrangements[] = {
    {"neither", SAMPLING_NONE, 0},
    {"timer alone", SAMPLING_TIMER, 0},
    {"CPU, no copies", SAMPLING_CPU, 0},
    {"CPU, 8 KiB", SAMPLING_CPU, 8 << 10},
    {"CPU, 16 KiB", SAMPLING_CPU, 16 << 10},
    {"CPU, 32 KiB", SAMPLING_CPU, 32 << 10},
    {"inherited, 16 KiB", SAMPLING_INHERITED, 16 << 10},
};

struct outcome {
    double log_ratio[ROUNDS_MAX];
    size_t count;
    double samples, cpu_ns, lost;
    double plain_ns, requests; /* of the gateway that is not sampled */
};

struct measuring;

/* A gateway with all that drives it, in a thread of its own: the sampler follows the thread that it
 * is opened in, and the other thread must know nothing of it. */
struct player {
    struct measuring *measuring;
    const char *name;
    const struct arrangement *arrangement;
    struct bench bench;
    struct perf_events *events;
    int timer; /* -1 = none */
    struct lane lane;
    pthread_t thread;
    pid_t gateway;
    int64_t measured_ns; /* since when, monotonic */
    double sum_ns;
    bool ok;
    struct error err;
};

struct measuring {
    struct arena arena;
    struct config config;
    struct corpus *corpus;
    struct selection selection;
    struct workspace workspace;
    struct run run;
    struct progress progress;
    pthread_mutex_t lock;
    struct bench bench;
    struct random random;
    int pairs;
    struct player players[2];
    pthread_mutex_t turn_lock;
    pthread_cond_t turn_changed;
    int turn;              /* whose it is; -1 = the main thread's */
    size_t endpoint, item; /* to be played; endpoint_count: an end */
    struct outcome outcomes[COUNT_OF(arrangements)];
};

static bool prepare(struct measuring *self, const char *path, struct error *err)
{
    struct bench *bench = &self->bench;
    struct bench_side *head = &bench->sides[SIDE_HEAD];
    if (!config_read(&self->config, path, err) ||
        !corpus_open(&self->corpus, self->config.corpus_path, &self->config.endpoints, err) ||
        !selection_make(&self->selection, self->corpus, NULL, 16, err) ||
        !workspace_open(&self->workspace, self->config.work_path, err) ||
        !source_head(&self->config, NULL, &self->arena, &head->source, err))
        return false;
    const char *log = arena_format(&self->arena, "%s/build.log", self->workspace.logs);
    if (log == NULL || !source_build(&head->source, &self->config.gateway, log, NULL, err))
        return false;
    *head = (struct bench_side){true, head->source, &self->config.gateway};
    bench->config = &self->config;
    bench->selection = &self->selection;
    bench->progress = &self->progress;
    bench->log_folder = self->workspace.logs;
    bench->scratch_folder = self->workspace.scratch;
    bench->run = &self->run;
    bench->run_lock = &self->lock;
    bench->cpu = machine_choose_cpu();
    if (!machine_pin(bench->cpu))
        return error_set(err, ERROR_ENVIRONMENT, "cannot pin to a CPU");
    self->run.endpoint_count = self->selection.endpoint_count;
    self->run.endpoints =
        arena_alloc_array(&self->run.arena, self->run.endpoint_count, sizeof *self->run.endpoints);
    if (self->run.endpoints == NULL)
        return error_set_memory(err);
    for (size_t e = 0; e < self->run.endpoint_count; e++)
        self->run.endpoints[e].name =
            corpus_endpoint_name(self->corpus, self->selection.endpoints[e].endpoint);
    return true;
}

static bool add_standins(struct player *player, struct error *err)
{
    const struct config *config = &player->measuring->config;
    const struct selection *selection = &player->measuring->selection;
    if (!standin_set_new(&player->bench.standins, config->upstreams, config->upstream_count, err))
        return false;
    for (size_t i = 0; i < selection->count; i++)
        if (!standin_set_add(player->bench.standins, &selection->items[i].exchange, err))
            return false;
    return true;
}

/* A CPU's clock that is told to sample nothing. */
static bool open_timer(struct player *player, struct error *err)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
                                         .size = sizeof attributes,
                                         .config = PERF_COUNT_SW_CPU_CLOCK,
                                         .sample_period = NS_PER_SECOND / STACKS_FREQUENCY_HZ,
                                         .sample_type = PERF_SAMPLE_IP,
                                         .disabled = 1,
                                         .exclude_user = 1,
                                         .exclude_kernel = 1};
    player->timer = (int)syscall(SYS_perf_event_open, &attributes, -1, player->bench.cpu, -1,
                                 PERF_FLAG_FD_CLOEXEC);
    return player->timer >= 0 || error_set_errno(err, "perf_event_open of a CPU");
}

static bool open_sampler(struct player *player, struct error *err)
{
    const struct arrangement *arrangement = player->arrangement;
    struct perf_options options = stacks_options(player->bench.cpu);
    struct perf_refusal refusal;
    if (arrangement->sampling == SAMPLING_NONE)
        return true;
    if (arrangement->sampling == SAMPLING_TIMER)
        return open_timer(player, err);
    options.stack_bytes = arrangement->stack_bytes;
    if (arrangement->sampling == SAMPLING_INHERITED)
        options.cpu = -1;
    if (!perf_events_open(&player->events, &options, &refusal, err))
        return false;
    return player->events != NULL || error_set(err, ERROR_ENVIRONMENT, "%s", refusal.what);
}

/* A CPU's clock would sample the other gateway too. */
static void switch_sampler(const struct player *player, bool on)
{
    if (player->timer >= 0)
        ioctl(player->timer, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
    if (player->events != NULL && perf_events_are_of_cpu(player->events))
        perf_events_switch(player->events, on);
}

static bool begin(struct player *player, struct error *err)
{
    struct lane_options options = {.side = SIDE_HEAD, .name = player->name, .slowness = 1};
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (!open_sampler(player, err) || !add_standins(player, err) ||
        !lane_start(&player->lane, &player->bench, &options, err) ||
        !lane_warm_up(&player->lane, &player->bench, 2, err))
        return false;
    player->gateway = gateway_pid(player->lane.gateway);
    player->measured_ns = clock_monotonic_ns();
    switch_sampler(player, false);
    return true;
}

/* What one request costs the gateway. */
static bool request(struct player *player, size_t endpoint, size_t item, struct error *err)
{
    struct lane *lane = &player->lane;
    switch_sampler(player, true);
    int64_t before = gateway_read_cpu_ns(lane->gateway);
    if (!lane_send(lane, &player->bench, endpoint, &player->bench.selection->items[item], err))
        return false;
    gateway_settle(lane->gateway, LANE_SETTLE_LIMIT_MS);
    player->sum_ns += (double)(gateway_read_cpu_ns(lane->gateway) - before);
    switch_sampler(player, false);
    return true;
}

static void end(struct player *player)
{
    lane_stop(&player->lane, NULL);
    if (player->events != NULL && !perf_events_stop(player->events, &player->err))
        player->ok = false;
    if (player->timer >= 0)
        close(player->timer);
    if (player->bench.standins != NULL)
        standin_set_free(player->bench.standins);
}

static void await_turn(struct measuring *self, int turn)
{
    pthread_mutex_lock(&self->turn_lock);
    while (self->turn != turn)
        pthread_cond_wait(&self->turn_changed, &self->turn_lock);
    pthread_mutex_unlock(&self->turn_lock);
}

static void pass_turn(struct measuring *self, int turn)
{
    pthread_mutex_lock(&self->turn_lock);
    self->turn = turn;
    pthread_cond_broadcast(&self->turn_changed);
    pthread_mutex_unlock(&self->turn_lock);
}

/* The first turn starts the gateway, each further one is a request, the last stops it. */
static void *play(void *argument)
{
    struct player *player = argument;
    struct measuring *self = player->measuring;
    int own = (int)(player - self->players);
    await_turn(self, own);
    player->ok = begin(player, &player->err);
    for (;;) {
        pass_turn(self, -1);
        await_turn(self, own);
        if (self->endpoint == self->selection.endpoint_count)
            break;
        player->ok = player->ok && request(player, self->endpoint, self->item, &player->err);
    }
    end(player);
    pass_turn(self, -1);
    return NULL;
}

static void give_turn(struct measuring *self, int turn)
{
    pass_turn(self, turn);
    await_turn(self, -1);
}

static void play_all(struct measuring *self)
{
    for (int pair = 0; pair < self->pairs; pair++) {
        for (self->endpoint = 0; self->endpoint < self->selection.endpoint_count;
             self->endpoint++) {
            const struct selected_endpoint *chosen = &self->selection.endpoints[self->endpoint];
            int first = (int)random_below(&self->random, 2);
            self->item = chosen->first + (size_t)pair % chosen->count;
            give_turn(self, first);
            give_turn(self, 1 - first);
        }
    }
}

/* Of the gateway, since its first measured request. One CPU wrote them, so they are in order. */
static bool count_samples(struct outcome *outcome, const struct player *player, struct error *err)
{
    struct perf_records records = perf_events_records(player->events);
    struct perf_record record;
    struct perf_images *images;
    bool ok = perf_images_new(&images, err);
    if (ok)
        perf_images_follow(images, player->gateway);
    while (ok && perf_records_next(&records, &record)) {
        ok = perf_images_apply(images, &record, err);
        outcome->samples += record.kind == PERF_SAMPLED && record.time_ns >= player->measured_ns &&
                            perf_images_is_followed(images, record.pid);
        outcome->lost += record.kind == PERF_LOST ? (double)record.u.count : 0;
    }
    outcome->lost += (double)perf_events_lost(player->events);
    perf_images_free(images);
    return ok;
}

static bool replicate(struct measuring *self, size_t which, struct error *err)
{
    struct outcome *outcome = &self->outcomes[which];
    int sampled = 0, plain = 1;
    bool ok = true;
    for (int i = 0; i < 2; i++) {
        self->players[i] = (struct player){.measuring = self,
                                           .name = i == sampled ? "sampled" : "plain",
                                           .arrangement = &arrangements[i == sampled ? which : 0],
                                           .timer = -1,
                                           .bench = self->bench};
        self->turn = -1;
        if (pthread_create(&self->players[i].thread, NULL, play, &self->players[i]) != 0)
            return error_set(err, ERROR_ENVIRONMENT, "cannot start a thread");
    }
    int first = (int)random_below(&self->random, 2);
    give_turn(self, first);
    give_turn(self, 1 - first);
    play_all(self);
    self->endpoint = self->selection.endpoint_count;
    for (int i = 0; i < 2; i++) {
        give_turn(self, i);
        pthread_join(self->players[i].thread, NULL);
        ok = ok && (self->players[i].ok ||
                    error_set(err, self->players[i].err.code, "%s", self->players[i].err.text));
    }
    struct perf_events *events = self->players[sampled].events;
    if (ok) {
        outcome->log_ratio[outcome->count++] =
            log(self->players[sampled].sum_ns / self->players[plain].sum_ns);
        outcome->cpu_ns += self->players[sampled].sum_ns;
        outcome->plain_ns += self->players[plain].sum_ns;
        outcome->requests += (double)self->pairs * (double)self->selection.endpoint_count;
    }
    if (ok && events != NULL)
        ok = count_samples(outcome, &self->players[sampled], err);
    perf_events_free(events);
    return ok;
}

/* The cost of the pass's own arrangement, in percent, with what neither being sampled shows taken
 * off. */
static double report(struct measuring *self)
{
    const struct outcome *neither = &self->outcomes[0];
    double base = statistics_find_mean(neither->log_ratio, neither->count), cost = NAN;
    printf("%.0f microseconds a request, not sampled\n",
           neither->plain_ns / neither->requests / 1e3);
    printf("%-18s %22s %22s %12s %6s\n", "", "CPU, second to first", "more than neither",
           "samples/s", "lost");
    for (size_t i = 0; i < COUNT_OF(arrangements); i++) {
        const struct outcome *outcome = &self->outcomes[i];
        double mean = statistics_find_mean(outcome->log_ratio, outcome->count);
        double error = 1.96 * statistics_find_sd(outcome->log_ratio, outcome->count) /
                       sqrt((double)outcome->count);
        double difference[ROUNDS_MAX];
        for (size_t k = 0; k < outcome->count; k++)
            difference[k] = outcome->log_ratio[k] - neither->log_ratio[k];
        double spread =
            1.96 * statistics_find_sd(difference, outcome->count) / sqrt((double)outcome->count);
        printf("%-18s %+8.2f %% +- %5.2f %%", arrangements[i].name, 100 * expm1(mean), 100 * error);
        if (arrangements[i].sampling != SAMPLING_NONE)
            printf("    %+8.2f %% +- %5.2f %%", 100 * expm1(mean - base), 100 * spread);
        if (outcome->samples > 0)
            printf(" %12.0f %6.0f", outcome->samples / (outcome->cpu_ns / 1e9), outcome->lost);
        putchar('\n');
        if (arrangements[i].sampling == SAMPLING_CPU &&
            arrangements[i].stack_bytes == STACKS_COPY_BYTES)
            cost = 100 * expm1(mean - base);
    }
    return cost;
}

static bool measure(struct measuring *self, const char *path, int rounds, struct error *err)
{
    if (!prepare(self, path, err))
        return false;
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < COUNT_OF(arrangements); i++)
            if (!replicate(self, ((size_t)round + i) % COUNT_OF(arrangements), err))
                return false;
    return true;
}

int main(int argc, char **argv)
{
    static struct measuring self;
    struct error err = {0};
    if (argc > 1 && strcmp(argv[1], KEEPER_COMMAND) == 0)
        return keeper_main(argc - 1, argv + 1);
    if (argc < 2) {
        fputs("usage: bench-sampler CONFIG [ROUNDS [PAIRS [GOAL_PERCENT]]]\n", stderr);
        return 2;
    }
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 40;
    self.pairs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 20;
    double goal = argc > 4 ? strtod(argv[4], NULL) : 2;
    arena_init(&self.arena);
    run_init(&self.run);
    pthread_mutex_init(&self.lock, NULL);
    pthread_mutex_init(&self.turn_lock, NULL);
    pthread_cond_init(&self.turn_changed, NULL);
    random_seed(&self.random, 1);
    bool ok = measure(&self, argv[1], rounds < ROUNDS_MAX ? (int)rounds : ROUNDS_MAX, &err);
    double cost = ok ? report(&self) : NAN;
    workspace_close(&self.workspace, !ok);
    if (!ok) {
        fprintf(stderr, "bench-sampler: %s%s%s\n", err.where, err.where[0] != '\0' ? ": " : "",
                err.text);
        return 2;
    }
    printf("goal: at most %.1f %% at %d samples a second: %s\n", goal, STACKS_FREQUENCY_HZ,
           cost <= goal ? "met" : "MISSED");
    return cost <= goal ? 0 : 1;
}
