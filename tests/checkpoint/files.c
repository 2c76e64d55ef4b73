/* Checkpoints as files: written, replaced, refused, and nothing left over. Needs no test library, so that it runs
 * wherever the library is built. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "activ/activ.h"

#define FOLDER "files_of_test"

static int failures;

static void expect(int truth, const char *what, const char *path, const char *message)
{
    if (truth)
        return;
    printf("FAILED: %s: '%s': %s\n", what, path, message);
    failures++;
}

static activ_graph *build(uint64_t seed)
{
    activ_graph *g = NULL;
    if (activ_graph_create(NULL, &g) != ACTIV_OK)
        exit(2);
    activ_graph_cross_entropy(g, activ_graph_linear(g, activ_graph_input(g, 3), 2));
    if (activ_graph_compile(g, 4) != ACTIV_OK || activ_graph_init(g, seed) != ACTIV_OK)
        exit(2);
    return g;
}

/* Saves, loads into another network, and compares. */
static void check_saved(const char *path, uint64_t seed)
{
    activ_graph *g = build(seed), *other = build(seed + 1);
    activ_message message = { "" };
    const size_t bytes = activ_graph_param_count(g) * sizeof(float);
    expect(activ_checkpoint_save(g, path, &message) == ACTIV_OK, "cannot be saved", path, message.text);
    expect(memcmp(activ_graph_params(g), activ_graph_params(other), bytes) != 0, "both networks are the same", path,
           "");
    expect(activ_checkpoint_load_params(other, path, &message) == ACTIV_OK, "cannot be loaded", path, message.text);
    expect(memcmp(activ_graph_params(g), activ_graph_params(other), bytes) == 0, "other values", path, "");
    activ_graph_destroy(g);
    activ_graph_destroy(other);
}

/* Neither read nor written, with a message that names the path. */
static void check_refused(const char *path)
{
    activ_graph *g = build(1);
    activ_message message = { "" };
    expect(activ_checkpoint_save(g, path, &message) == ACTIV_ERROR_IO, "is saved", path, message.text);
    expect(strncmp(message.text, path, strlen(path)) == 0, "is not named", path, message.text);
    expect(strlen(message.text) > strlen(path) + 3, "has no reason", path, message.text);
    expect(activ_checkpoint_load_params(g, path, &message) == ACTIV_ERROR_IO, "is loaded", path, message.text);
    activ_graph_destroy(g);
}

static void check_left_over(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        exit(2);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        expect(strncmp(entry->d_name, ".activ.", 7) != 0, "left over", entry->d_name, path);
    closedir(folder);
}

int main(void)
{
    static const char name[] = FOLDER "/\xc3\xa9\xe2\x82\xac.safetensors"; /* UTF-8 */
#ifdef _WIN32
    (void)mkdir(FOLDER);
#else
    (void)mkdir(FOLDER, 0777);
#endif
    check_saved("files_of_test.safetensors", 1);
    check_saved("files_of_test.safetensors", 2); /* replaces it */
    check_saved(FOLDER "/a", 3);
    check_saved(name, 4);
    check_refused(FOLDER);
    check_refused("no_such_folder_of_test/a");
#ifdef _WIN32
    check_saved(FOLDER "\\b", 5);
    check_refused("\xff"); /* no UTF-8 */
    check_refused("NUL");
    (void)remove(FOLDER "\\b");
#endif
    check_left_over(".");
    check_left_over(FOLDER);
    (void)remove("files_of_test.safetensors");
    (void)remove(FOLDER "/a");
    if (failures == 0)
        puts("files: written, replaced, refused; nothing left over");
    return failures > 0;
}
