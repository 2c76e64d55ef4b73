// PyTorch: the kernels behind torch.nn.functional and its autograd, called from C++ without Python and without
// recording, into an output that exists already. Where the at::*_out variant only copies from a temporary (relu,
// hardswish_backward) or there is none (mish_backward), the faster way is taken: clamp_min_out, which relu is made
// of, and the call that returns a new tensor; bench_compare keeps malloc from giving pages back in between. at::prelu
// takes its slope from a tensor; leaky_relu with prelu's slope before training is the same arithmetic.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/elu_backward.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/hardswish_backward.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/leaky_relu_backward.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/mish_backward.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sigmoid_backward.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/softplus_backward.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tanh_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include "peers.h"

namespace {

struct torch_job {
    bench_job base;
    at::Tensor x, y, dy, out, made;
    void (*kernel)(torch_job &);
};

// A kernel and its text. The variants that return a tensor drop the last one first: its memory is used again.
#define WITH_TEXT(call) [](torch_job &t) { call; }, #call
#define RETURNED(call)  \
    [](torch_job &t) {  \
        t.made.reset(); \
        t.made = call;  \
    },                  \
        #call

const struct {
    const char *name;
    void (*forward)(torch_job &);
    const char *forward_text;
    void (*backward)(torch_job &);
    const char *backward_text;
    int from_y;
} kernels[] = {
    { "relu", WITH_TEXT(at::clamp_min_out(t.out, t.x, 0)), WITH_TEXT(at::threshold_backward_out(t.out, t.dy, t.x, 0)),
      0 },
    { "leaky_relu", WITH_TEXT(at::leaky_relu_out(t.out, t.x, 0.01)),
      WITH_TEXT(at::leaky_relu_backward_out(t.out, t.dy, t.x, 0.01, false)), 0 },
    { "prelu", WITH_TEXT(at::leaky_relu_out(t.out, t.x, 0.25)),
      WITH_TEXT(at::leaky_relu_backward_out(t.out, t.dy, t.x, 0.25, false)), 0 },
    { "sigmoid", WITH_TEXT(at::sigmoid_out(t.out, t.x)), WITH_TEXT(at::sigmoid_backward_out(t.out, t.dy, t.y)), 1 },
    { "tanh", WITH_TEXT(at::tanh_out(t.out, t.x)), WITH_TEXT(at::tanh_backward_out(t.out, t.dy, t.y)), 1 },
    { "gelu", WITH_TEXT(at::gelu_out(t.out, t.x)), WITH_TEXT(at::gelu_backward_out(t.out, t.dy, t.x)), 0 },
    { "gelu_tanh", WITH_TEXT(at::gelu_out(t.out, t.x, "tanh")),
      WITH_TEXT(at::gelu_backward_out(t.out, t.dy, t.x, "tanh")), 0 },
    { "silu", WITH_TEXT(at::silu_out(t.out, t.x)), WITH_TEXT(at::silu_backward_out(t.out, t.dy, t.x)), 0 },
    { "mish", WITH_TEXT(at::mish_out(t.out, t.x)), RETURNED(at::mish_backward(t.dy, t.x)), 0 },
    { "elu", WITH_TEXT(at::elu_out(t.out, t.x)), WITH_TEXT(at::elu_backward_out(t.out, t.dy, 1, 1, 1, false, t.x)), 0 },
    { "softplus", WITH_TEXT(at::softplus_out(t.out, t.x)),
      WITH_TEXT(at::softplus_backward_out(t.out, t.dy, t.x, 1, 20)), 0 },
    { "hardswish", WITH_TEXT(at::hardswish_out(t.out, t.x)), RETURNED(at::hardswish_backward(t.dy, t.x)), 0 },
    { "softmax", WITH_TEXT(at::_softmax_out(t.out, t.x, 1, false)),
      WITH_TEXT(at::_softmax_backward_data_out(t.out, t.dy, t.y, 1, at::kFloat)), 1 },
    { "log_softmax", WITH_TEXT(at::_log_softmax_out(t.out, t.x, 1, false)),
      WITH_TEXT(at::_log_softmax_backward_data_out(t.out, t.dy, t.y, 1, at::kFloat)), 1 },
};

// The word after "CPU capability usage: "; the function that says it alone is not in the public headers.
std::string capability()
{
    static const char mark[] = "CPU capability usage: ";
    const std::string all = at::show_config();
    const size_t start = all.find(mark);
    if (start == std::string::npos)
        return "?";
    const size_t word = start + sizeof mark - 1;
    return all.substr(word, all.find('\n', word) - word);
}

const char *describe()
{
    static char text[96];
    // For the rest of the process: no autograd, one thread.
    static c10::InferenceMode inference;
    at::set_num_threads(1);
    std::snprintf(text, sizeof text, "PyTorch %s (%s)", TORCH_VERSION, capability().c_str());
    return text;
}

void run(bench_job *base)
{
    torch_job &job = *reinterpret_cast<torch_job *>(base);
    job.kernel(job);
    if (job.made.defined())
        job.base.result = static_cast<const float *>(job.made.data_ptr());
}

void finish(bench_job *base)
{
    delete reinterpret_cast<torch_job *>(base);
}

at::Tensor view(const float *array, const bench_arrays *arrays)
{
    const int64_t n = static_cast<int64_t>(arrays->n), columns = static_cast<int64_t>(arrays->columns);
    at::Tensor all = at::from_blob(const_cast<float *>(array), { n });
    return columns > 0 ? all.view({ n / columns, columns }) : all;
}

bench_job *prepare(const char *function, int direction, const bench_arrays *arrays)
{
    for (const auto &kernel : kernels) {
        if (std::strcmp(kernel.name, function) != 0)
            continue;
        try {
            torch_job *job = new torch_job();
            const int backward = direction == BENCH_BACKWARD;
            job->x = view(arrays->x, arrays);
            job->y = view(arrays->y, arrays);
            job->dy = view(arrays->dy, arrays);
            job->out = view(arrays->out, arrays);
            job->kernel = backward ? kernel.backward : kernel.forward;
            job->base.run = run;
            job->base.finish = finish;
            job->base.result = arrays->out;
            job->base.from_y = backward && kernel.from_y;
            std::snprintf(job->base.how, sizeof job->base.how, "%s",
                          backward ? kernel.backward_text : kernel.forward_text);
            return &job->base;
        } catch (const std::exception &) {
            return nullptr;
        }
    }
    return nullptr;
}

} // namespace

const bench_peer bench_peer_torch = { "PyTorch", describe, prepare };
