/* Names of functions: the catalog's, aliases, other spellings of both, and what may have been meant. */
#include "fn/fn.h"

/* Longer than any name: what is longer is not compared. */
#define MOST 40

/* A name as it is compared where the spelling is open: letters and digits, in lower case. */
typedef struct folded {
    char text[MOST];
    size_t length;
} folded;

static folded fold(activ_slice name)
{
    folded f = { .length = 0 };
    for (size_t i = 0; i < name.length && f.length < MOST; i++) {
        const char c = name.at[i];
        if (c != '_')
            f.text[f.length++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return f;
}

/* The next of a text's names, which are separated by ", "; 0 at its end. */
static int next_alias(const char **rest, activ_slice *alias)
{
    const char *at = *rest;
    if (!at || *at == '\0')
        return 0;
    const size_t length = strcspn(at, ",");
    *alias = (activ_slice){ at, length };
    at += length;
    *rest = *at == ',' ? at + strspn(at, ", ") : at;
    return 1;
}

static int is_same(activ_slice a, activ_slice b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static const activ_fn_entry *find_exactly(activ_slice name)
{
    activ_slice alias;
    for (size_t i = 0; i < activ_fn_registry_count; i++)
        if (activ_slice_is(name, activ_fn_registry[i].name))
            return &activ_fn_registry[i];
    for (size_t i = 0; i < activ_fn_registry_count; i++)
        for (const char *rest = activ_fn_registry[i].definition->aliases; next_alias(&rest, &alias);)
            if (is_same(name, alias))
                return &activ_fn_registry[i];
    return NULL;
}

/* ---- distances -------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many characters are to be changed, inserted, dropped or swapped with their neighbour (Damerau 1964, in the form
 * of the optimal string alignment). */
static size_t distance_of(const folded *a, const folded *b)
{
    size_t rows[3][MOST + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t k = 0; k <= b->length; k++)
        before[k] = last[k] = k;
    for (size_t i = 1; i <= a->length; i++) {
        row[0] = i;
        for (size_t k = 1; k <= b->length; k++) {
            const size_t differs = a->text[i - 1] != b->text[k - 1];
            row[k] = least(least(last[k] + 1, row[k - 1] + 1), last[k - 1] + differs);
            if (i > 1 && k > 1 && a->text[i - 1] == b->text[k - 2] && a->text[i - 2] == b->text[k - 1])
                row[k] = least(row[k], before[k - 2] + 1);
        }
        size_t *swap = before;
        before = last;
        last = row;
        row = swap;
    }
    return last[b->length];
}

/* ---- a name that is not exact ------------------------------------------------------------------------- */

/* The nearest entries so far, by one of their names each. */
typedef struct nearest {
    size_t distance;
    const activ_fn_entry *entry, *other; /* other: another entry at the same distance */
    activ_slice name, other_name;
} nearest;

static void look_at(nearest *n, const folded *wanted, const activ_fn_entry *entry, activ_slice name)
{
    const folded own = fold(name);
    const size_t distance = distance_of(wanted, &own);
    if (distance < n->distance) {
        *n = (nearest){ .distance = distance, .entry = entry, .name = name };
    } else if (distance == n->distance && n->entry && n->entry != entry && !n->other) {
        n->other = entry;
        n->other_name = name;
    }
}

static nearest find_nearest(activ_slice name)
{
    const folded wanted = fold(name);
    nearest n = { .distance = SIZE_MAX };
    activ_slice alias;
    for (size_t i = 0; i < activ_fn_registry_count; i++) {
        const activ_fn_entry *entry = &activ_fn_registry[i];
        look_at(&n, &wanted, entry, (activ_slice){ entry->name, strlen(entry->name) });
        for (const char *rest = entry->definition->aliases; next_alias(&rest, &alias);)
            look_at(&n, &wanted, entry, alias);
    }
    return n;
}

/* "TeLU (trainable_elu)": the name, and the catalog's if that is another one. */
static void add_name(activ_text *text, activ_slice name, const activ_fn_entry *entry)
{
    activ_text_add_bytes(text, name.at, name.length);
    if (activ_slice_is(name, entry->name))
        return;
    activ_text_add(text, " (");
    activ_text_add(text, entry->name);
    activ_text_add(text, ")");
}

int activ_fn_is_in_catalog(activ_slice name)
{
    return find_exactly(name) != NULL;
}

const activ_fn_entry *activ_fn_find(activ_slice name, activ_message *message)
{
    const activ_fn_entry *exact = find_exactly(name);
    if (exact)
        return exact;
    const nearest n = find_nearest(name);
    const int is_spelling = n.distance == 0 && name.length <= MOST;
    if (is_spelling && !n.other)
        return n.entry;
    if (!message)
        return NULL;
    activ_text text;
    activ_text_start(&text, message->text, sizeof message->text);
    activ_text_add(&text, "unknown function ");
    activ_text_add_quoted(&text, name.at, name.length);
    if (is_spelling) {
        activ_text_add(&text, ": it may be ");
        add_name(&text, n.name, n.entry);
        activ_text_add(&text, " or ");
        add_name(&text, n.other_name, n.other);
        return NULL;
    }
    if (n.distance <= 1 + name.length / 4 && n.distance < name.length) {
        activ_text_add(&text, "; is ");
        add_name(&text, n.name, n.entry);
        activ_text_add(&text, " meant?");
    } else {
        activ_text_add(&text, ";");
    }
    activ_text_add(&text, " activ_fn_catalog and the command `activ list` have all names");
    return NULL;
}

const char *activ_fn_nearest(activ_slice name, const char *const *others)
{
    const nearest n = find_nearest(name);
    const folded wanted = fold(name);
    size_t distance = n.distance;
    const char *best = n.entry ? n.entry->name : NULL;
    for (size_t i = 0; others[i]; i++) {
        const folded own = fold((activ_slice){ others[i], strlen(others[i]) });
        const size_t to_other = distance_of(&wanted, &own);
        if (to_other < distance) {
            distance = to_other;
            best = others[i];
        }
    }
    return distance <= 1 + name.length / 4 && distance < name.length ? best : NULL;
}
