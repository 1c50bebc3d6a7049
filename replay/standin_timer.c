#include "replay/standin_timer.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
    int64_t due_ns;
    uint64_t number; /* of two due at the same time, the earlier one comes first */
    void *context;
};

struct standin_timer {
    standin_timer_call *call;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct waiting *heap; /* the least on top */
    size_t count;
    size_t capacity;
    uint64_t added;
    bool ending;
};

static bool is_before(const struct waiting *a, const struct waiting *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void swap(struct waiting *a, struct waiting *b)
{
    struct waiting kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct waiting *heap, size_t at)
{
    for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&heap[at], &heap[(at - 1) / 2]);
}

static void sift_down(struct waiting *heap, size_t count)
{
    for (size_t at = 0, child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &heap[at]))
            return;
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

static void wait_until(struct standin_timer *timer, int64_t due_ns)
{
    struct timespec due = {.tv_sec = due_ns / NS_PER_SECOND, .tv_nsec = due_ns % NS_PER_SECOND};
    pthread_cond_timedwait(&timer->changed, &timer->lock, &due);
}

static void *run(void *context)
{
    struct standin_timer *timer = context;
    pthread_mutex_lock(&timer->lock);
    for (;;) {
        if (timer->count == 0) {
            if (timer->ending)
                break;
            pthread_cond_wait(&timer->changed, &timer->lock);
        } else if (!timer->ending && timer->heap[0].due_ns > clock_monotonic_ns()) {
            wait_until(timer, timer->heap[0].due_ns);
        } else {
            void *due = timer->heap[0].context;
            timer->heap[0] = timer->heap[--timer->count];
            sift_down(timer->heap, timer->count);
            pthread_mutex_unlock(&timer->lock);
            timer->call(due);
            pthread_mutex_lock(&timer->lock);
        }
    }
    pthread_mutex_unlock(&timer->lock);
    return NULL;
}

bool standin_timer_new(struct standin_timer **out, standin_timer_call *call, struct error *err)
{
    pthread_condattr_t attributes;
    struct standin_timer *timer = calloc(1, sizeof *timer);
    *out = NULL;
    if (timer == NULL)
        return error_set_memory(err);
    timer->call = call;
    pthread_mutex_init(&timer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&timer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&timer->thread, NULL, run, timer) != 0) {
        pthread_cond_destroy(&timer->changed);
        pthread_mutex_destroy(&timer->lock);
        free(timer);
        return error_set(err, ERROR_ENVIRONMENT, "cannot start a thread for the stand-ins");
    }
    *out = timer;
    return true;
}

void standin_timer_free(struct standin_timer *timer)
{
    if (timer == NULL)
        return;
    pthread_mutex_lock(&timer->lock);
    timer->ending = true;
    pthread_cond_signal(&timer->changed);
    pthread_mutex_unlock(&timer->lock);
    pthread_join(timer->thread, NULL);
    pthread_cond_destroy(&timer->changed);
    pthread_mutex_destroy(&timer->lock);
    free(timer->heap);
    free(timer);
}

static bool reserve(struct standin_timer *timer)
{
    if (timer->count < timer->capacity)
        return true;
    size_t capacity = timer->capacity == 0 ? 64 : 2 * timer->capacity;
    struct waiting *heap = reallocarray(timer->heap, capacity, sizeof *heap);
    if (heap == NULL)
        return false;
    timer->heap = heap;
    timer->capacity = capacity;
    return true;
}

bool standin_timer_add(struct standin_timer *timer, int64_t due_ns, void *context)
{
    pthread_mutex_lock(&timer->lock);
    bool ok = reserve(timer);
    if (ok) {
        timer->heap[timer->count] = (struct waiting){due_ns, timer->added++, context};
        sift_up(timer->heap, timer->count);
        bool first = timer->heap[0].context == context;
        timer->count++;
        if (first)
            pthread_cond_signal(&timer->changed);
    }
    pthread_mutex_unlock(&timer->lock);
    return ok;
}
