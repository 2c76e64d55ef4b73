/* Radix sorting: see sort.h. Names are sorted by eight bytes at a time, as numbers. */
#include "base/sort.h"

#include <string.h>

#include "base/checked.h"

#define DIGITS 256
#define FEW 64 /* below, inserting is faster than counting digits */

typedef struct item {
    uint64_t key;
    size_t index;
} item;

static void insert(item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const item moved = items[i];
        size_t k = i;
        for (; k > 0 && items[k - 1].key > moved.key; k--)
            items[k] = items[k - 1];
        items[k] = moved;
    }
}

/* One pass, from items to room; 0 if the digit is the same in all items, and nothing was moved. */
static int pass(const item *items, item *room, size_t count, unsigned shift)
{
    size_t starts[DIGITS] = { 0 }, sum = 0;
    for (size_t i = 0; i < count; i++)
        starts[items[i].key >> shift & (DIGITS - 1)]++;
    if (starts[items[0].key >> shift & (DIGITS - 1)] == count)
        return 0;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t of_digit = starts[d];
        starts[d] = sum;
        sum += of_digit;
    }
    for (size_t i = 0; i < count; i++)
        room[starts[items[i].key >> shift & (DIGITS - 1)]++] = items[i];
    return 1;
}

/* The key of more than half of the items, if there is one (Boyer and Moore). */
static uint64_t majority_of(const item *items, size_t count)
{
    uint64_t key = 0;
    size_t votes = 0;
    for (size_t i = 0; i < count; i++) {
        if (votes == 0)
            key = items[i].key;
        votes += items[i].key == key ? 1 : (size_t)-1;
    }
    return key;
}

/* Items with a smaller key, the key, a larger one; *less and *equal: how many. */
static void split(item *items, item *room, size_t count, uint64_t key, size_t *less, size_t *equal)
{
    size_t at = 0, up = 0, down = count;
    for (size_t i = 0; i < count; i++) {
        if (items[i].key < key)
            items[at++] = items[i];
        else if (items[i].key == key)
            room[up++] = items[i];
        else
            room[--down] = items[i];
    }
    *less = at;
    *equal = up;
    memcpy(items + at, room, up * sizeof *items);
    for (size_t i = at + up, k = count; k > down; i++)
        items[i] = room[--k];
}

/* By their keys. room: as many items. */
static void sort_items(item *items, item *room, size_t count)
{
    if (count < FEW) {
        insert(items, count);
        return;
    }
    /* Names that have much in common are mostly of one key: then the passes are made for the others. */
    const uint64_t key = majority_of(items, count);
    size_t same = 0, less, equal;
    for (size_t i = 0; i < count; i++)
        same += items[i].key == key;
    if (same > count / 2) {
        split(items, room, count, key, &less, &equal);
        sort_items(items, room, less);
        sort_items(items + less + equal, room, count - less - equal);
        return;
    }
    item *from = items, *to = room;
    for (unsigned shift = 0; shift < 64; shift += 8)
        if (pass(from, to, count, shift)) {
            item *swap = from;
            from = to;
            to = swap;
        }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}

/* ---- names ----------------------------------------------------------------------------------------- */

/* Up to eight bytes, the first highest; zeros after the end of the name. */
static uint64_t key_of(const char *name)
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*name;
        name += *name != '\0';
    }
    return key;
}

static int is_ended(uint64_t key)
{
    return (key & 0xff) == 0;
}

/* How many bytes from `at` on all names have in common; *is_end: these are the rest of all of them. */
static size_t common_of(size_t at, const item *items, size_t count, activ_name_of name_of, const void *user,
                        int *is_end)
{
    const char *first = name_of(user, items[0].index) + at;
    size_t common = strlen(first);
    *is_end = 1;
    for (size_t i = 1; i < count; i++) {
        const char *name = name_of(user, items[i].index) + at;
        size_t same = 0;
        while (same < common && name[same] == first[same])
            same++;
        *is_end = *is_end && same == common && name[same] == first[same];
        common = same;
    }
    return common;
}

/* Names that are the same in the first `at` bytes, and have them. */
static void sort_from(size_t at, item *items, item *room, size_t count, activ_name_of name_of, const void *user)
{
    while (count > 1) {
        int is_end;
        at += common_of(at, items, count, name_of, user, &is_end);
        if (is_end)
            return;
        for (size_t i = 0; i < count; i++)
            items[i].key = key_of(name_of(user, items[i].index) + at);
        sort_items(items, room, count);
        at += 8;
        /* The runs whose next bytes decide. The longest is left for the loop, so that calls nest as deep as the
         * logarithm of the count. */
        item *longest = items;
        size_t most = 0;
        for (size_t first = 0, end; first < count; first = end) {
            for (end = first + 1; end < count && items[end].key == items[first].key;)
                end++;
            if (is_ended(items[first].key) || end - first < 2)
                continue;
            item *run = items + first;
            size_t length = end - first;
            if (length > most) {
                item *swap = longest;
                const size_t swap_length = most;
                longest = run;
                most = length;
                run = swap;
                length = swap_length;
            }
            sort_from(at, run, room, length, name_of, user);
        }
        items = longest;
        count = most;
    }
}

/* Twice `count` items; NULL if out of memory. */
static item *make_items(const activ_host *host, size_t count, size_t *bytes)
{
    return activ_checked_mul(count, 2 * sizeof(item), bytes) ? activ_host_alloc_raw(host, *bytes) : NULL;
}

size_t *activ_sort_names(const activ_host *host, size_t count, activ_name_of name_of, const void *user)
{
    size_t bytes = 0;
    item *items = make_items(host, count, &bytes);
    size_t *order = items ? activ_host_alloc_raw(host, count * sizeof *order) : NULL;
    for (size_t i = 0; order && i < count; i++)
        items[i] = (item){ 0, i };
    if (order)
        sort_from(0, items, items + count, count, name_of, user);
    for (size_t i = 0; order && i < count; i++)
        order[i] = items[i].index;
    activ_host_free(host, items, bytes);
    return order;
}

size_t activ_find_name(const size_t *order, size_t count, activ_name_of name_of, const void *user, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int side = strcmp(name, name_of(user, order[middle]));
        if (side == 0)
            return middle;
        if (side < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return count;
}

size_t activ_find_duplicate(const size_t *order, size_t count, activ_name_of name_of, const void *user)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(name_of(user, order[i - 1]), name_of(user, order[i])) == 0)
            return i - 1;
    return count;
}

/* ---- numbers --------------------------------------------------------------------------------------- */

int activ_sort_numbers(const activ_host *host, size_t count, size_t *indices, activ_number_of number_of,
                       const void *user)
{
    size_t bytes;
    if (count == 0)
        return 1;
    item *items = make_items(host, count, &bytes);
    if (!items)
        return 0;
    for (size_t i = 0; i < count; i++)
        items[i] = (item){ number_of(user, indices[i]), indices[i] };
    sort_items(items, items + count, count);
    for (size_t i = 0; i < count; i++)
        indices[i] = items[i].index;
    activ_host_free(host, items, bytes);
    return 1;
}
