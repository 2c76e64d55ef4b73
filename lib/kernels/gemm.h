/* Matrix product. Each element of C is one chain of fma over k, in order, on every tier: blocks
 * over k store the chain's value in C and go on from there, which rounds nothing. Tiles, blocks
 * and threads therefore cannot change a bit.
 *
 * A block of B is copied ("packed") so that the tile reads it as one stream; A is read where it
 * is, one value for a whole row of the tile at a time. */

#define GEMM_WIDTH (V_GEMM_VECTORS * V_LANES)

/* k x width values of B, rows of GEMM_WIDTH, zeros beyond `width`. */
static void gemm_pack(const activ_gemm *g, size_t k0, size_t k, size_t j0, size_t width, float *packed)
{
    const float *b = g->b + k0 * g->b_rows + j0 * g->b_columns;
    if (width < GEMM_WIDTH)
        memset(packed, 0, k * GEMM_WIDTH * sizeof *packed);
    if (g->b_columns == 1 && width == GEMM_WIDTH) {
        for (size_t p = 0; p < k; p++)
            for (size_t j = 0; j < V_GEMM_VECTORS; j++)
                v_store(packed + p * GEMM_WIDTH + j * V_LANES, v_load(b + p * g->b_rows + j * V_LANES));
        return;
    }
    size_t p0 = 0;
    if (g->b_rows == 1 && width == GEMM_WIDTH) {
        /* The columns are contiguous: squares of them, turned in registers. */
        for (; p0 + V_LANES <= k; p0 += V_LANES) {
            for (size_t j = 0; j < GEMM_WIDTH; j += V_LANES) {
                vf square[V_LANES];
                for (size_t i = 0; i < V_LANES; i++)
                    square[i] = v_load(b + p0 + (j + i) * g->b_columns);
                v_transpose(square);
                for (size_t i = 0; i < V_LANES; i++)
                    v_store(packed + (p0 + i) * GEMM_WIDTH + j, square[i]);
            }
        }
    }
    for (size_t p = p0; p < k; p++)
        for (size_t j = 0; j < width; j++)
            packed[p * GEMM_WIDTH + j] = b[p * g->b_rows + j * g->b_columns];
}

typedef struct gemm_place {
    const float *a;        /* first row of the tile, at the start of the block over k */
    size_t a_rows, a_columns;
    const float *b;        /* packed */
    float *c;
    size_t c_rows;
    size_t k, width;
    const float *bias;     /* what the chains start from, if this is the first block; NULL: zero */
    int first;
} gemm_place;

/* `rows` is a constant at each call, so that the accumulators are registers. */
V_INLINE void gemm_tile(const gemm_place *t, const int rows)
{
    vf acc[V_GEMM_ROWS][V_GEMM_VECTORS];
    for (int i = 0; i < rows; i++)
        for (size_t j = 0; j < V_GEMM_VECTORS; j++) {
            const float *start = t->first ? t->bias : t->c + (size_t)i * t->c_rows;
            size_t lanes = v_part_lanes(t->width, j);
            acc[i][j] = start && lanes ? v_load_some(start + j * V_LANES, lanes) : v_set(0.0f);
        }
    const float *a = t->a, *b = t->b;
    const size_t a_rows = t->a_rows, a_columns = t->a_columns;
    for (size_t p = 0; p < t->k; p++) {
        vf row[V_GEMM_VECTORS];
        for (size_t j = 0; j < V_GEMM_VECTORS; j++)
            row[j] = v_load(b + j * V_LANES);
        for (int i = 0; i < rows; i++) {
            vf ai = v_set(a[(size_t)i * a_rows]);
            for (size_t j = 0; j < V_GEMM_VECTORS; j++)
                acc[i][j] = v_fma(ai, row[j], acc[i][j]);
        }
        a += a_columns;
        b += GEMM_WIDTH;
    }
    for (int i = 0; i < rows; i++)
        for (size_t j = 0; j < V_GEMM_VECTORS; j++) {
            size_t lanes = v_part_lanes(t->width, j);
            if (lanes)
                v_store_some(t->c + (size_t)i * t->c_rows + j * V_LANES, lanes, acc[i][j]);
        }
}

static void gemm_tile_full(const gemm_place *t)
{
    gemm_tile(t, V_GEMM_ROWS);
}

static void gemm_tile_four(const gemm_place *t)
{
    gemm_tile(t, 4);
}

static void gemm_tile_one(const gemm_place *t)
{
    gemm_tile(t, 1);
}

static void gemm(const activ_gemm *g)
{
    size_t k0 = 0;
    do {
        size_t k = g->k - k0 < ACTIV_GEMM_DEPTH ? g->k - k0 : ACTIV_GEMM_DEPTH;
        for (size_t j = 0; j < g->n; j += GEMM_WIDTH) {
            gemm_place t;
            t.width = g->n - j < GEMM_WIDTH ? g->n - j : GEMM_WIDTH;
            gemm_pack(g, k0, k, j, t.width, g->packed);
            t.b = g->packed;
            t.k = k;
            t.a_rows = g->a_rows;
            t.a_columns = g->a_columns;
            t.c_rows = g->c_rows;
            t.bias = g->bias ? g->bias + j : NULL;
            t.first = k0 == 0;
            for (size_t i = 0; i < g->m;) {
                size_t left = g->m - i;
                t.a = g->a + i * g->a_rows + k0 * g->a_columns;
                t.c = g->c + i * g->c_rows + j;
                /* Eight rows as four and four: the rest of six and two would leave the
                 * multipliers idle. */
                if (left >= V_GEMM_ROWS && left != 8) {
                    gemm_tile_full(&t);
                    i += V_GEMM_ROWS;
                } else if (left >= 4) {
                    gemm_tile_four(&t);
                    i += 4;
                } else {
                    gemm_tile_one(&t);
                    i++;
                }
            }
        }
        k0 += k;
    } while (k0 < g->k);
}
