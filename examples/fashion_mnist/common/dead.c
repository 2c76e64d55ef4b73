/* Dead neurons: see dead.h. */
#include "dead.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "data.h"
#include "interrupt.h"
#include "message.h"
#include "progress.h"
#include "train.h"

struct crew {
    const struct dataset *images;
    float share;
    struct subject *subjects;
    size_t count;
    atomic_size_t next, done;
    atomic_bool failed;
    pthread_mutex_t lock; /* guards the two below */
    activ_status status;
    activ_message message;
};

static activ_status make_network(const struct subject *subject, activ_graph **graph, activ_message *message)
{
    if (subject->path != NULL)
        return network_load(NULL, subject->path, TEST_BATCH, graph, message);
    activ_status status = network_create(NULL, subject->fresh, TEST_BATCH, false, graph, message);
    if (status == ACTIV_OK)
        status = activ_graph_init(*graph, subject->seed);
    return status;
}

static activ_status feed(struct crew *crew, activ_graph *graph, activ_graph_neurons *neurons)
{
    const struct dataset *images = crew->images;
    float *x = malloc(TEST_BATCH * IMAGE_PIXELS * sizeof *x);
    float *y = malloc(TEST_BATCH * IMAGE_CLASSES * sizeof *y);
    int32_t labels[TEST_BATCH];
    activ_status status = x != NULL && y != NULL ? ACTIV_OK : ACTIV_ERROR_OUT_OF_MEMORY;
    for (size_t first = 0; status == ACTIV_OK && first < images->count && !interrupted(); first += TEST_BATCH) {
        const size_t size = images->count - first < TEST_BATCH ? images->count - first : TEST_BATCH;
        dataset_batch(images, NULL, first, size, x, labels);
        status = activ_graph_forward(graph, size, x, y);
        if (status == ACTIV_OK)
            status = activ_graph_neurons_add(neurons);
        (void)atomic_fetch_add_explicit(&crew->done, size, memory_order_relaxed);
    }
    free(x);
    free(y);
    return status;
}

static activ_status count_dead(float share, const activ_graph_neurons *neurons, struct subject *subject)
{
    subject->layers = activ_graph_neurons_count(neurons);
    subject->layers = subject->layers < DEAD_MAX_LAYERS ? subject->layers : DEAD_MAX_LAYERS;
    for (size_t i = 0; i < subject->layers; i++) {
        const activ_neurons *layer = activ_graph_neurons_at(neurons, i);
        activ_neurons_info info = ACTIV_NEURONS_INFO_INIT;
        activ_status status = activ_neurons_get(layer, &info);
        if (status == ACTIV_OK)
            status = activ_neurons_rarely_active(layer, (double)share, 0, NULL, &subject->rare[i]);
        if (status != ACTIV_OK)
            return status;
        subject->width[i] = info.width;
        subject->dead[i] = (size_t)info.dead;
    }
    return ACTIV_OK;
}

static activ_status look_into(struct crew *crew, struct subject *subject, activ_message *message)
{
    activ_graph *graph = NULL;
    activ_graph_neurons *neurons = NULL;
    activ_status status = make_network(subject, &graph, message);
    if (status == ACTIV_OK)
        status = activ_graph_neurons_create(graph, NULL, &neurons);
    if (status == ACTIV_OK)
        status = feed(crew, graph, neurons);
    if (status == ACTIV_OK && !interrupted()) {
        status = count_dead(crew->share, neurons, subject);
        subject->done = true;
    }
    activ_graph_neurons_destroy(neurons);
    activ_graph_destroy(graph);
    return status;
}

static void *work(void *user)
{
    struct crew *crew = user;
    for (;;) {
        const size_t i = atomic_fetch_add(&crew->next, 1);
        activ_message message = { "" };
        if (i >= crew->count || interrupted() || atomic_load(&crew->failed))
            return NULL;
        activ_status status = look_into(crew, &crew->subjects[i], &message);
        if (status == ACTIV_OK)
            continue;
        (void)pthread_mutex_lock(&crew->lock);
        if (crew->status == ACTIV_OK) {
            crew->status = status;
            message_set(&crew->message, "%s: %.900s", crew->subjects[i].label,
                        message.text[0] != '\0' ? message.text : activ_status_string(status));
        }
        (void)pthread_mutex_unlock(&crew->lock);
        atomic_store(&crew->failed, true);
    }
}

activ_status dead_count(const struct study *study, float share, struct subject *subjects, size_t count,
                        activ_message *message)
{
    struct crew crew = { .images = &study->images.train, .share = share, .subjects = subjects, .count = count };
    const size_t wanted = study->threads < count ? study->threads : count;
    const double total = (double)count * (double)crew.images->count;
    pthread_t *threads = calloc(wanted > 0 ? wanted : 1, sizeof *threads);
    size_t started = 0;
    if (threads == NULL || pthread_mutex_init(&crew.lock, NULL) != 0) {
        free(threads);
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    while (started < wanted && pthread_create(&threads[started], NULL, work, &crew) == 0)
        started++;
    if (started == 0)
        (void)work(&crew);
    struct progress progress;
    progress_start(&progress, total);
    while (progress.stream != NULL && !atomic_load(&crew.failed) && !interrupted() &&
           (double)atomic_load(&crew.done) < total) {
        const struct timespec pause = { 0, 100000000 };
        progress_update(&progress, (double)atomic_load(&crew.done), "Dead neurons");
        (void)nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    progress_clear(&progress);
    (void)pthread_mutex_destroy(&crew.lock);
    free(threads);
    if (crew.status != ACTIV_OK)
        *message = crew.message;
    return crew.status;
}
