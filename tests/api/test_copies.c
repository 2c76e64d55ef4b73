/* Two libactiv.a in two shared libraries of one process, one held to the scalar tier: each works on its own, one after
 * the other and both at once, and they give the same bits.
 *
 * usage: test_copies apart|together      apart: linked with --exclude-libs, each with a copy of its own; together: both
 *                                        show libactiv's functions, of which the system takes the first */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/copy.h"

static int failed;

static void expect(int holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        failed = 1;
    }
}

typedef struct one_thread {
    pthread_t thread;
    const copy *copy;
    uint64_t digest;
    int failures;
} one_thread;

static void *work_often(void *user)
{
    one_thread *t = user;
    for (int i = 0; i < 5; i++) {
        uint64_t digest = 0;
        t->failures += t->copy->work(&digest) != 0 || (i > 0 && digest != t->digest);
        t->digest = digest;
    }
    return NULL;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    const copy *copies[2] = { copy_first(), copy_second() };
    const int apart = strcmp(arguments[1], "apart") == 0;
    expect((copies[0]->library != copies[1]->library) == apart, "as many copies as there should be");
    uint64_t digest[2] = { 0, 0 };
    for (int i = 0; i < 2; i++)
        expect(copies[i]->work(&digest[i]) == 0, "work");
    expect(digest[0] == digest[1] && digest[0] != 1, "the same bits of both");
    one_thread threads[2];
    for (int i = 0; i < 2; i++) {
        threads[i] = (one_thread){ .copy = copies[i] };
        expect(pthread_create(&threads[i].thread, NULL, work_often, &threads[i]) == 0, "a thread");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i].thread, NULL);
        expect(threads[i].failures == 0 && threads[i].digest == digest[0], "the same bits, both at once");
    }
    return failed;
}
