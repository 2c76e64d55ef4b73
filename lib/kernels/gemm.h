/* Matrix product. Each element of C is one chain of fma over k, in order, on every tier: blocks
 * over k store the chain's value in C and go on from there, which rounds nothing. Tiles, blocks
 * and threads therefore cannot change a bit.
 *
 * Blocks of B are copied ("packed") as panels, each as wide as a tile, so that a tile reads one stream. A is read
 * where it is, one value for a whole row of the tile at a time; only for many panels is it worth packing too. */

#define GEMM_WIDTH (V_GEMM_VECTORS * V_LANES)
#define GEMM_HALF (V_GEMM_VECTORS > 1 ? V_GEMM_VECTORS / 2 : 1)
/* Rows of C that are finished together: with them A's block and B's panel stay in the caches. */
#define GEMM_BLOCK_ROWS (V_GEMM_ROWS * ((48 + V_GEMM_ROWS - 1) / V_GEMM_ROWS))

/* k x width values of B, rows of GEMM_WIDTH, zeros beyond `width`. */
static void gemm_pack_panel(const activ_gemm *g, size_t k0, size_t k, size_t j0, size_t width, float *packed)
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

/* `rows` x k values of A, each column's one after the other, columns GEMM_BLOCK_ROWS apart. */
static void gemm_pack_rows(const activ_gemm *g, size_t i0, size_t rows, size_t k0, size_t k, float *packed)
{
    const float *a = g->a + i0 * g->a_rows + k0 * g->a_columns;
    size_t i = 0;
    for (; g->a_columns == 1 && i + V_LANES <= rows; i += V_LANES) {
        size_t p = 0;
        for (; p + V_LANES <= k; p += V_LANES) {
            vf square[V_LANES];
            for (size_t r = 0; r < V_LANES; r++)
                square[r] = v_load(a + (i + r) * g->a_rows + p);
            v_transpose(square);
            for (size_t r = 0; r < V_LANES; r++)
                v_store(packed + (p + r) * GEMM_BLOCK_ROWS + i, square[r]);
        }
        for (; p < k; p++)
            for (size_t r = 0; r < V_LANES; r++)
                packed[p * GEMM_BLOCK_ROWS + i + r] = a[(i + r) * g->a_rows + p];
    }
    for (size_t p = 0; p < k; p++)
        for (size_t r = i; r < rows; r++)
            packed[p * GEMM_BLOCK_ROWS + r] = a[r * g->a_rows + p * g->a_columns];
}

typedef struct gemm_place {
    const float *a;        /* first row of the tile, at the start of the block over k */
    size_t a_rows, a_columns;
    const float *b;
    size_t b_rows;
    float *c;
    size_t c_rows;
    size_t k;
    const float *start;    /* what the chains go on from, rows start_rows apart: C, or a row of biases; NULL: zero */
    size_t start_rows;
} gemm_place;

/* `rows` and `vectors` are constants at each call, so that the accumulators are registers. */
V_INLINE void gemm_tile(const gemm_place *t, const size_t rows, const size_t vectors)
{
    vf acc[V_GEMM_ROWS][V_GEMM_VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++)
            acc[i][j] = t->start ? v_load(t->start + i * t->start_rows + j * V_LANES) : v_set(0.0f);
    const float *a = t->a, *b = t->b;
    const size_t a_rows = t->a_rows, a_columns = t->a_columns, b_rows = t->b_rows;
    for (size_t p = 0; p < t->k; p++) {
        vf row[V_GEMM_VECTORS];
        for (size_t j = 0; j < vectors; j++)
            row[j] = v_load(b + j * V_LANES);
        for (size_t i = 0; i < rows; i++) {
            vf ai = v_set(a[i * a_rows]);
            for (size_t j = 0; j < vectors; j++)
                acc[i][j] = v_fma(ai, row[j], acc[i][j]);
        }
        a += a_columns;
        b += b_rows;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < vectors; j++)
            v_store(t->c + i * t->c_rows + j * V_LANES, acc[i][j]);
}

#if V_GEMM_ROWS > 14
#error "tiles are listed up to fourteen rows"
#endif
#define GEMM_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define GEMM_TILE(height)                                                                                        \
    static void gemm_tile_##height(const gemm_place *t)                                                          \
    {                                                                                                            \
        gemm_tile(t, height <= V_GEMM_ROWS ? height : 1, V_GEMM_VECTORS);                                        \
    }                                                                                                            \
    static void gemm_half_tile_##height(const gemm_place *t)                                                     \
    {                                                                                                            \
        gemm_tile(t, height <= V_GEMM_ROWS ? height : 1, GEMM_HALF);                                             \
    }
GEMM_HEIGHTS(GEMM_TILE)

typedef void gemm_tile_function(const gemm_place *t);
#define GEMM_NAME(height) gemm_tile_##height,
#define GEMM_HALF_NAME(height) gemm_half_tile_##height,
static gemm_tile_function *const gemm_tiles[] = { NULL, GEMM_HEIGHTS(GEMM_NAME) };
static gemm_tile_function *const gemm_half_tiles[] = { NULL, GEMM_HEIGHTS(GEMM_HALF_NAME) };

/* Rows of `width` floats, from one array into another. */
static void gemm_copy(size_t rows, size_t width, const float *from, size_t from_rows, float *to, size_t to_rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < width; j += V_LANES) {
            size_t lanes = v_part_lanes(width - j, 0);
            v_store_some(to + i * to_rows + j, lanes, v_load_some(from + i * from_rows + j, lanes));
        }
}

/* One panel, all rows of the block: tiles of nearly one height, so that none is too low to keep the multipliers busy. */
static void gemm_panel(gemm_place t, size_t rows, size_t width)
{
    gemm_tile_function *const *tiles = width > GEMM_HALF * V_LANES ? gemm_tiles : gemm_half_tiles;
    const size_t whole = width > GEMM_HALF * V_LANES ? GEMM_WIDTH : GEMM_HALF * V_LANES;
    size_t count = (rows + V_GEMM_ROWS - 1) / V_GEMM_ROWS;
    for (; count > 0; count--) {
        size_t height = (rows + count - 1) / count;
        if (width == whole) {
            tiles[height](&t);
        } else {
            /* C and biases end within the tile: it works on a copy. */
            float edge[V_GEMM_ROWS * GEMM_WIDTH] = { 0 };
            gemm_place inner = t;
            if (t.start) {
                gemm_copy(t.start_rows > 0 ? height : 1, width, t.start, t.start_rows, edge, GEMM_WIDTH);
                inner.start = edge;
                inner.start_rows = t.start_rows > 0 ? GEMM_WIDTH : 0;
            }
            inner.c = edge;
            inner.c_rows = GEMM_WIDTH;
            tiles[height](&inner);
            gemm_copy(height, width, edge, GEMM_WIDTH, t.c, t.c_rows);
        }
        t.a += height * t.a_rows;
        t.c += height * t.c_rows;
        t.start = t.start ? t.start + height * t.start_rows : NULL;
        rows -= height;
    }
}

/* What follows the product, for rows of C that are complete. */
static void gemm_finish(const activ_gemm *g, size_t i, size_t rows, size_t j, size_t width)
{
    const activ_gemm_finish *f = &g->finish;
    if (!f->kernel)
        return;
    /* Whole rows are one array. */
    if (width == g->c_rows && width == f->rows) {
        width *= rows;
        rows = 1;
    }
    for (size_t r = i; r < i + rows; r++) {
        float *c = g->c + r * g->c_rows + j;
        if (f->y)
            f->kernel->forward(f->values, f->count, width, c, f->y + r * f->rows + j);
        else
            f->kernel->backward(f->values, f->count, width, f->x + r * f->rows + j, c, c, NULL);
    }
}

/* One row times a B whose columns are contiguous (a linear layer's weights, for one sample): every value of B is used
 * once, so squares of it are turned in registers and used there. Several at a time, or each would wait for the last. */
#define GEMM_ROW_VECTORS 4

/* V_LANES columns of B, `depth` values of each, as rows; zeros beyond `columns`. */
V_INLINE void gemm_square(const float *b, size_t b_columns, size_t columns, size_t depth, vf *square)
{
    for (size_t i = 0; i < V_LANES; i++)
        square[i] = i < columns ? v_load_some(b + i * b_columns, depth) : v_set(0.0f);
    v_transpose(square);
}

/* `vectors` is a constant at each call; `columns`: how many of their lanes are wanted. */
V_INLINE void gemm_row_columns(const activ_gemm *g, const float *b, const float *bias, float *c, const size_t vectors,
                               size_t columns)
{
    vf acc[GEMM_ROW_VECTORS], square[V_LANES];
    const float *a = g->a;
    for (size_t v = 0; v < vectors; v++)
        acc[v] = bias ? v_load_some(bias + v * V_LANES, v_part_lanes(columns, v)) : v_set(0.0f);
    size_t p = 0;
    for (; p + V_LANES <= g->k; p += V_LANES) {
        for (size_t v = 0; v < vectors; v++) {
            gemm_square(b + p + v * V_LANES * g->b_columns, g->b_columns, v_part_lanes(columns, v), V_LANES, square);
            for (size_t i = 0; i < V_LANES; i++)
                acc[v] = v_fma(v_set(a[i * g->a_columns]), square[i], acc[v]);
        }
        a += V_LANES * g->a_columns;
    }
    for (size_t v = 0; p < g->k && v < vectors; v++) {
        gemm_square(b + p + v * V_LANES * g->b_columns, g->b_columns, v_part_lanes(columns, v), g->k - p, square);
        for (size_t i = 0; i < g->k - p; i++)
            acc[v] = v_fma(v_set(a[i * g->a_columns]), square[i], acc[v]);
    }
    for (size_t v = 0; v < vectors; v++)
        v_store_some(c + v * V_LANES, v_part_lanes(columns, v), acc[v]);
}

static void gemm_row(const activ_gemm *g)
{
    const size_t wide = GEMM_ROW_VECTORS * V_LANES;
    size_t j = 0;
    for (; j + wide <= g->n; j += wide)
        gemm_row_columns(g, g->b + j * g->b_columns, g->bias ? g->bias + j : NULL, g->c + j, GEMM_ROW_VECTORS, wide);
    for (; j < g->n; j += V_LANES)
        gemm_row_columns(g, g->b + j * g->b_columns, g->bias ? g->bias + j : NULL, g->c + j, 1,
                         v_part_lanes(g->n - j, 0));
    gemm_finish(g, 0, 1, 0, g->n);
}

/* All rows of the columns j0 .. j0 + width - 1, for one block over k. */
static void gemm_block(const activ_gemm *g, size_t j0, size_t width, size_t k0, size_t k)
{
    float *panels = g->scratch, *rows = g->scratch + ACTIV_GEMM_PANELS(width, k);
    /* Used once, B need not be copied. */
    const int once = g->m <= V_GEMM_ROWS && g->b_columns == 1;
    const size_t whole = once ? width / GEMM_WIDTH * GEMM_WIDTH : 0;
    for (size_t j = whole; j < width; j += GEMM_WIDTH)
        gemm_pack_panel(g, k0, k, j0 + j, width - j < GEMM_WIDTH ? width - j : GEMM_WIDTH, panels + j * k);
    for (size_t i = 0; i < g->m; i += GEMM_BLOCK_ROWS) {
        size_t height = g->m - i < GEMM_BLOCK_ROWS ? g->m - i : GEMM_BLOCK_ROWS;
        gemm_place t = { .a_rows = g->a_rows, .a_columns = g->a_columns, .c_rows = g->c_rows, .k = k };
        t.a = g->a + i * g->a_rows + k0 * g->a_columns;
        if (width >= ACTIV_GEMM_PACK_FROM && height == GEMM_BLOCK_ROWS) {
            gemm_pack_rows(g, i, height, k0, k, rows);
            t.a = rows;
            t.a_rows = 1;
            t.a_columns = GEMM_BLOCK_ROWS;
        }
        for (size_t j = 0; j < width; j += GEMM_WIDTH) {
            t.b = j < whole ? g->b + k0 * g->b_rows + j0 + j : panels + j * k;
            t.b_rows = j < whole ? g->b_rows : GEMM_WIDTH;
            t.c = g->c + i * g->c_rows + j0 + j;
            t.start = k0 > 0 ? t.c : g->bias ? g->bias + j0 + j : NULL;
            t.start_rows = k0 > 0 ? g->c_rows : 0;
            gemm_panel(t, height, width - j < GEMM_WIDTH ? width - j : GEMM_WIDTH);
        }
        if (k0 + k == g->k)
            gemm_finish(g, i, height, j0, width);
    }
}

static void gemm(const activ_gemm *g)
{
    if (g->m == 1 && g->b_rows == 1) {
        gemm_row(g);
        return;
    }
    /* Blocks over k of nearly one depth. */
    const size_t deep = (g->k + ACTIV_GEMM_DEPTH - 1) / ACTIV_GEMM_DEPTH;
    for (size_t j = 0; j < g->n; j += ACTIV_GEMM_COLUMNS) {
        size_t width = g->n - j < ACTIV_GEMM_COLUMNS ? g->n - j : ACTIV_GEMM_COLUMNS, k0 = 0, blocks = deep;
        do {
            size_t k = blocks > 0 ? (g->k - k0 + blocks - 1) / blocks : 0;
            gemm_block(g, j, width, k0, k);
            k0 += k;
        } while (blocks > 0 && --blocks > 0);
    }
}
