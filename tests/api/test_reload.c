/* The shared library is loaded and unloaded a thousand times, each time with a function, a shared one, a pool that
 * works and a network that trains: each time it is gone, with its threads, and leaves no memory behind.
 *
 * usage: test_reload LIBRARY */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "activ/activ.h"

enum { TIMES = 1000, SETTLED = 200, N = 20000, BATCH = 16, IN = 8 };

static float x[N], y[N];

static _Noreturn void stop(const char *what, const char *detail)
{
    (void)fprintf(stderr, "FAILED: %s %s\n", what, detail ? detail : "");
    exit(1);
}

static void must(int holds, const char *what)
{
    if (!holds)
        stop(what, NULL);
}

/* A function of the library, by its name. */
static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found == NULL)
        stop(name, dlerror());
    memcpy(function, &found, sizeof found); /* C has no conversion of the two kinds of pointers */
}
#define FIND(name)                     \
    __typeof__(name) *name##_p = NULL; \
    find(library, #name, (void *)&name##_p)

static float use(void *library)
{
    FIND(activ_tier);
    FIND(activ_pool_create);
    FIND(activ_pool_executor);
    FIND(activ_pool_destroy);
    FIND(activ_context_create);
    FIND(activ_context_destroy);
    FIND(activ_fn_create);
    FIND(activ_fn_default);
    FIND(activ_fn_destroy);
    FIND(activ_forward);
    FIND(activ_graph_create);
    FIND(activ_graph_input);
    FIND(activ_graph_linear);
    FIND(activ_graph_apply);
    FIND(activ_graph_mse);
    FIND(activ_graph_compile);
    FIND(activ_graph_init);
    FIND(activ_graph_train_values);
    FIND(activ_graph_destroy);
    activ_pool *pool = NULL;
    activ_context *context = NULL;
    activ_fn *fn = NULL;
    activ_graph *g = NULL;
    activ_context_options options = ACTIV_CONTEXT_DEFAULTS;
    float loss = -1.0f;
    must(activ_tier_p() != NULL, "a tier");
    must(activ_pool_create_p(NULL, 3, &pool) == ACTIV_OK, "a pool");
    options.executor = activ_pool_executor_p(pool);
    must(activ_context_create_p(&options, &context) == ACTIV_OK, "a context");
    must(activ_fn_create_p(context, "staf(tau=5)", &fn) == ACTIV_OK, "a function");
    must(activ_forward_p(fn, NULL, N, x, y) == ACTIV_OK, "a call");
    must(activ_forward_p(activ_fn_default_p("moe") ? activ_fn_default_p("gelu") : NULL, NULL, N, x, y) == ACTIV_OK,
         "a shared function");
    must(activ_graph_create_p(context, &g) == ACTIV_OK, "a graph");
    activ_graph_mse_p(g, activ_graph_apply_p(g, activ_graph_linear_p(g, activ_graph_input_p(g, IN), IN), fn));
    must(activ_graph_compile_p(g, BATCH) == ACTIV_OK && activ_graph_init_p(g, 1) == ACTIV_OK, "a network");
    must(activ_graph_train_values_p(g, BATCH, x, x + 1000, &loss) == ACTIV_OK, "a training step");
    activ_graph_destroy_p(g);
    activ_fn_destroy_p(fn);
    activ_context_destroy_p(context);
    activ_pool_destroy_p(pool);
    return loss + y[N - 1];
}

/* Lines of /proc/self/maps, and the number behind a name in /proc/self/status. */
static long mappings(void)
{
    long lines = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    must(maps != NULL, "/proc/self/maps");
    for (int c; (c = fgetc(maps)) != EOF;)
        lines += c == '\n';
    (void)fclose(maps);
    return lines;
}

static long status_of(const char *name)
{
    char line[256];
    long number = -1;
    FILE *status = fopen("/proc/self/status", "r");
    must(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            number = strtol(line + strlen(name), NULL, 10);
    (void)fclose(status);
    return number;
}

/* A thread that was joined may take a moment to leave the system's list. */
static long threads(void)
{
    long count = status_of("Threads:");
    for (int looks = 0; count != 1 && looks < 1000; looks++) {
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        count = status_of("Threads:");
    }
    return count;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(i % 17) * 0.25f - 2.0f;
    float first = 0.0f;
    long maps = 0, bytes = 0, resident = 0;
    for (int time = 0; time < TIMES; time++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL)
            stop("dlopen", dlerror());
        const float result = use(library);
        must(dlclose(library) == 0, "dlclose");
        must(dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == NULL, "the library is gone after dlclose");
        if (time == 0)
            first = result;
        must(memcmp(&first, &result, sizeof first) == 0, "the same result each time");
        if (time == SETTLED) {
            maps = mappings();
            bytes = status_of("VmSize:");
            resident = status_of("VmRSS:");
        }
    }
    must(threads() == 1, "no thread is left");
    const long more[3] = { mappings() - maps, status_of("VmSize:") - bytes, status_of("VmRSS:") - resident };
    (void)printf("%ld mappings, %ld KiB, %ld of them resident more than after %d times\n", more[0], more[1], more[2],
                 SETTLED);
    must(more[0] <= 1 && more[1] < 256 && more[2] < 256, "nothing grows");
    return 0;
}
