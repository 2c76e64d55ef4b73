/* A matrix product, split among the threads of a pass. */
#include "graph/run.h"

/* Split by columns, each part packs its own columns of B; by rows, each packs all of B. */
static int split_by_columns(size_t m, size_t n, size_t parts)
{
    return n >= parts * ACTIV_GEMM_PANEL || n >= m;
}

activ_gemm activ_product_part(const graph_run *run, const activ_gemm *whole, size_t parts, size_t part)
{
    activ_gemm g = *whole;
    size_t offset;
    g.scratch = run->scratch + part * run->scratch_per_thread;
    if (split_by_columns(g.m, g.n, parts)) {
        activ_range columns = activ_range_of(g.n, ACTIV_GEMM_PANEL, parts, part);
        g.n = columns.count;
        offset = columns.first;
        g.b += columns.first * g.b_column_stride;
        g.c += columns.first;
        g.bias = g.bias ? g.bias + columns.first : NULL;
        g.epilogue.first_column += columns.first;
    } else {
        activ_range rows = activ_range_of(g.m, 1, parts, part);
        g.m = rows.count;
        offset = rows.first * g.epilogue.row_stride;
        g.a += rows.first * g.a_row_stride;
        g.c += rows.first * g.c_row_stride;
    }
    g.epilogue.y = g.epilogue.y ? g.epilogue.y + offset : NULL;
    g.epilogue.x = g.epilogue.x ? g.epilogue.x + offset : NULL;
    return g;
}

size_t activ_product_scratch(size_t m, size_t n, size_t k, size_t parts)
{
    size_t width = split_by_columns(m, n, parts) ? activ_range_of(n, ACTIV_GEMM_PANEL, parts, 0).count : n;
    size_t per_part = activ_gemm_scratch(width, k), alone = (activ_gemm_scratch(n, k) + parts - 1) / parts;
    return ((per_part > alone ? per_part : alone) + 15) / 16 * 16;
}
