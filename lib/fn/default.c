/* Shared functions: one of each name, with default settings, in static memory.
 *
 * A place is claimed by the first thread that wants it, filled, and then never changes. Nobody waits: a thread that
 * finds its function's place claimed but not filled (by one that runs at the same time, or that a fork() left behind)
 * fills one of the spare places. So two threads may get two functions that are the same in all but their address. */
#include <stdalign.h>
#include <stdatomic.h>

#include "context/context.h"
#include "fn/fn.h"

/* Room for a function with all its arrays; the test `fn` makes all of them. */
#define PLACE_BYTES 4096

#define SPARE_PLACES 8
#define PATIENCE ((size_t)1 << 26) /* looks at places, about a second */

enum { EMPTY, CLAIMED, FILLED, TOO_SMALL };

typedef struct place {
    atomic_int state;
    const activ_fn_entry *entry;
    activ_fn *fn;
    size_t used;
    alignas(64) unsigned char bytes[PLACE_BYTES];
} place;

#define ONE(name) +1
static place own_places[ACTIV_ELEMENTWISE(ONE) ACTIV_ROWWISE(ONE) ACTIV_GATED(ONE)];
static place spare_places[SPARE_PLACES];

/* An allocator that frees nothing. */
static void *take(void *user, size_t bytes, size_t alignment)
{
    place *p = user;
    const size_t start = (p->used + alignment - 1) / alignment * alignment;
    if (start > sizeof p->bytes || bytes > sizeof p->bytes - start)
        return NULL;
    p->used = start + bytes;
    return p->bytes + start;
}

static void leave(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)memory;
    (void)bytes;
}

static const activ_fn *function_of(place *p, const activ_fn_entry *entry)
{
    return atomic_load_explicit(&p->state, memory_order_acquire) == FILLED && p->entry == entry ? p->fn : NULL;
}

/* Claims the place and fills it; NULL if it is taken, or too small, which it would be for everybody. */
static const activ_fn *fill(place *p, const activ_fn_entry *entry)
{
    int expected = EMPTY;
    activ_host host;
    if (!atomic_compare_exchange_strong(&p->state, &expected, CLAIMED))
        return NULL;
    activ_host_of(NULL, &host);
    host.allocator.user = p;
    host.allocator.alloc = take;
    host.allocator.free = leave;
    p->entry = entry;
    const activ_slice spec = { entry->name, strlen(entry->name) };
    const int fits = activ_fn_make(&host, spec, NULL, &p->fn) == ACTIV_OK;
    if (fits)
        p->fn->is_static = 1;
    atomic_store_explicit(&p->state, fits ? FILLED : TOO_SMALL, memory_order_release);
    return fits ? p->fn : NULL;
}

const activ_fn *activ_fn_default(const char *name)
{
    if (!name)
        return NULL;
    const activ_fn_entry *entry = activ_fn_find((activ_slice){ name, strlen(name) }, NULL);
    if (!entry)
        return NULL;
    place *own = &own_places[entry - activ_fn_registry];
    const activ_fn *fn = function_of(own, entry);
    if (!fn)
        fn = fill(own, entry);
    for (size_t i = 0; !fn && i < SPARE_PLACES; i++)
        fn = function_of(&spare_places[i], entry);
    for (size_t i = 0; !fn && i < SPARE_PLACES; i++)
        fn = fill(&spare_places[i], entry);
    /* All are claimed, by nine threads at the same moment: one of them will be done soon. */
    for (size_t i = 0; !fn && i < PATIENCE && atomic_load(&own->state) != TOO_SMALL; i++)
        fn = function_of(i % (SPARE_PLACES + 1) == SPARE_PLACES ? own : &spare_places[i % (SPARE_PLACES + 1)], entry);
    return fn;
}
