// bench_accuracy: what `activ accuracy` says of libactiv, said of oneDNN, XNNPACK, Eigen and PyTorch: errors in ULP,
// counted by the same code against the same references, of their forward kernels and of their derivatives (dy = 1).
// Where a derivative is made from y, y is what the same library's forward kernel gave.
//
//     bench_accuracy [--exhaustive] [--jobs N] [FUNCTION ...]
//
// Every 251st input unless --exhaustive; all functions unless some are named. Prints JSON. Work is done in processes,
// not threads: the libraries keep settings per thread and per process.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peers.h"
#include "reference/reference.h"
#include "tally.h"

namespace {

// libactiv's names; the peers' jobs have its default settings.
const char *const subjects[] = {
    "relu", "leaky_relu", "hardswish", "sigmoid", "tanh", "elu", "softplus", "silu", "mish", "gelu", "gelu_tanh",
};
constexpr int SUBJECTS = sizeof subjects / sizeof subjects[0];

const bench_peer *const peers[] = { &bench_peer_dnnl, &bench_peer_xnnpack, &bench_peer_eigen, &bench_peer_torch };
constexpr int PEERS = sizeof peers / sizeof peers[0];

constexpr int MAX_JOBS = 64;
constexpr std::uint64_t TASK = 256 * REF_BLOCK; // inputs that are fetched together
constexpr std::uint64_t SAMPLE_STRIDE = 251;    // as activ accuracy; odd

struct outcome {
    tally sum;
    bool exists;
    char how[96];
};

// What the processes share.
struct board {
    std::atomic<std::uint64_t> next[SUBJECTS];
    char versions[PEERS][96];
    outcome outcomes[MAX_JOBS][SUBJECTS][PEERS][2];
};

struct arrays {
    float x[REF_BLOCK], dy[REF_BLOCK], y[REF_BLOCK], out[REF_BLOCK];
    ref_values want;
};

float float_of(std::uint32_t bits)
{
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

void run_subject(board &b, int job, int s, std::uint64_t stride, arrays &a)
{
    activ_fn *fn = nullptr;
    ref_function reference;
    if (activ_fn_create(nullptr, subjects[s], &fn) != ACTIV_OK || ref_open(&reference, fn, nullptr) != 0) {
        std::fprintf(stderr, "bench_accuracy: %s has no reference\n", subjects[s]);
        std::exit(2);
    }
    const bench_arrays shared = { REF_BLOCK, 0, a.x, a.dy, a.y, a.out };
    bench_job *jobs[PEERS][2];
    for (int p = 0; p < PEERS; p++)
        for (int k = 0; k < 2; k++) {
            jobs[p][k] = peers[p]->prepare(subjects[s], k == TALLY_FORWARD ? BENCH_FORWARD : BENCH_BACKWARD, &shared);
            outcome &o = b.outcomes[job][s][p][k];
            o.exists = jobs[p][k] != nullptr;
            if (o.exists)
                std::snprintf(o.how, sizeof o.how, "%s", jobs[p][k]->how);
        }
    const std::uint64_t inputs = (UINT64_C(1) << 32) / stride / REF_BLOCK * REF_BLOCK;
    std::uint64_t task;
    while ((task = b.next[s].fetch_add(1)) * TASK < inputs)
        for (std::uint64_t at = task * TASK; at < (task + 1) * TASK && at < inputs; at += REF_BLOCK) {
            for (std::uint64_t i = 0; i < REF_BLOCK; i++)
                a.x[i] = float_of(static_cast<std::uint32_t>((at + i) * stride));
            if (stride > 1 && at == 0) {
                // A sample would miss the infinities.
                a.x[1] = INFINITY;
                a.x[2] = -INFINITY;
            }
            ref_evaluate(&reference, REF_BLOCK, a.x, &a.want);
            for (int p = 0; p < PEERS; p++)
                for (int k = 0; k < 2; k++) {
                    bench_job *work = jobs[p][k];
                    if (!work)
                        continue;
                    work->run(work);
                    tally_block(&b.outcomes[job][s][p][k].sum, k, reference.entry, &a.want, REF_BLOCK, a.x,
                                work->result);
                    if (k == TALLY_FORWARD)
                        std::memcpy(a.y, work->result, sizeof a.y);
                }
        }
    for (auto &pair : jobs)
        for (bench_job *work : pair)
            if (work)
                work->finish(work);
    ref_close(&reference);
    activ_fn_destroy(fn);
}

void run_child(board &b, int job, std::uint64_t stride, const bool *wanted)
{
    for (int p = 0; p < PEERS; p++) {
        const char *text = peers[p]->describe();
        if (job == 0)
            std::snprintf(b.versions[p], sizeof b.versions[p], "%s", text);
    }
    static arrays a;
    for (float &one : a.dy)
        one = 1.0f;
    for (int s = 0; s < SUBJECTS; s++)
        if (wanted[s])
            run_subject(b, job, s, stride, a);
}

void print_text(const char *name, const char *text)
{
    std::printf("\"%s\": \"", name);
    for (; *text != '\0'; text++)
        std::printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    std::printf("\", ");
}

void print(board &b, int jobs, bool exhaustive, const bool *wanted)
{
    const char *separator = "[\n";
    for (int s = 0; s < SUBJECTS; s++)
        for (int p = 0; p < PEERS; p++)
            for (int k = 0; k < 2; k++) {
                const outcome &first = b.outcomes[0][s][p][k];
                if (!wanted[s] || !first.exists)
                    continue;
                tally sum = {};
                for (int j = 0; j < jobs; j++)
                    tally_merge(&sum, &b.outcomes[j][s][p][k].sum);
                std::printf("%s  {", separator);
                print_text("library", peers[p]->name);
                print_text("version", b.versions[p]);
                print_text("function", subjects[s]);
                print_text("direction", k == TALLY_FORWARD ? "forward" : "derivative");
                print_text("how", first.how);
                std::printf("\"exhaustive\": %s, ", exhaustive ? "true" : "false");
                tally_print_json(stdout, &sum);
                std::printf("}");
                separator = ",\n";
            }
    std::printf("%s]\n", separator[0] == '[' ? "[" : "\n");
}

int usage()
{
    std::fprintf(stderr, "usage: bench_accuracy [--exhaustive] [--jobs N] [FUNCTION ...]\n");
    return 2;
}

} // namespace

int main(int argc, char **argv)
{
    bool exhaustive = false, wanted[SUBJECTS] = {}, any = false;
    long jobs = sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "--exhaustive") == 0) {
            exhaustive = true;
        } else if (std::strcmp(argv[i], "--jobs") == 0 && i + 1 < argc) {
            char *end;
            jobs = std::strtol(argv[++i], &end, 10);
            if (end == argv[i] || *end != '\0' || jobs < 1)
                return usage();
        } else {
            int s = 0;
            while (s < SUBJECTS && std::strcmp(subjects[s], argv[i]) != 0)
                s++;
            if (s == SUBJECTS)
                return usage();
            wanted[s] = any = true;
        }
    }
    for (bool &one : wanted)
        one = one || !any;
    jobs = jobs < 1 ? 1 : jobs > MAX_JOBS ? MAX_JOBS : jobs;

    void *memory = mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("bench_accuracy");
        return 2;
    }
    board &b = *new (memory) board();
    for (int j = 0; j < jobs; j++) {
        const pid_t child = fork();
        if (child < 0) {
            std::perror("bench_accuracy");
            return 2;
        }
        if (child == 0) {
            run_child(b, j, exhaustive ? 1 : SAMPLE_STRIDE, wanted);
            _exit(0);
        }
    }
    int failed = 0, status;
    for (int j = 0; j < jobs; j++)
        failed |= wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    if (failed) {
        std::fprintf(stderr, "bench_accuracy: a process did not finish\n");
        return 2;
    }
    print(b, static_cast<int>(jobs), exhaustive, wanted);
    return 0;
}
