/* libactiv for C++17 and newer: all of its headers. They are the C API, header for header, with ownership, lengths and
 * errors looked after; nothing is to be linked but the C library.
 *
 *     #include <activ/activ.hpp>
 *
 *     const activ::function mish("mish");
 *     mish.forward(x, y);                               // std::vector, std::array, C array, std::span ...
 *     mish.backward(x, dy, dx);
 *
 * 1. status.hpp: spans; errors as exceptions, activ::error, or as values, try_...: both, side by side
 * 2. context.hpp: threads, memory, log, functions of the caller's code, all from callables
 * 3. fn.hpp, dtype.hpp, tensor.hpp, graph.hpp, optim.hpp, checkpoint.hpp, analysis.hpp, random.hpp: as fn.h, dtype.h
 *    ...
 *
 * Rules that hold everywhere, beside those of activ.h:
 *
 * - Objects are move-only. One that was moved from, or never made, is empty (false): calls on it are errors that say
 *   so, questions are answered with nothing.
 * - Objects may be destroyed in any order: each keeps what it needs. Views (span, function_view, infos, names) do not.
 * - What is wrong with arguments is found before anything is changed, and the message names it.
 * - Exceptions of callbacks never cross the C library (context.hpp).
 * - get() is the C handle, for all that C has and this has not. */
#ifndef ACTIV_ACTIV_HPP
#define ACTIV_ACTIV_HPP

#include "activ.h"
#include "analysis.hpp"
#include "checkpoint.hpp"
#include "context.hpp"
#include "dtype.hpp"
#include "fn.hpp"
#include "graph.hpp"
#include "keep.hpp"
#include "optim.hpp"
#include "random.hpp"
#include "status.hpp"
#include "tensor.hpp"

#endif
