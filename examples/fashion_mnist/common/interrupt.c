/* Ctrl-C: see interrupt.h. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* Set in whichever thread has the signal, read in all: for these a volatile sig_atomic_t is not enough. */
static atomic_int asked;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may use lock-free atomics only");

static void ask(int number)
{
    (void)number;
    atomic_store_explicit(&asked, 1, memory_order_relaxed);
}

void interrupt_watch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = ask;
    action.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
    return atomic_load_explicit(&asked, memory_order_relaxed) != 0;
}
