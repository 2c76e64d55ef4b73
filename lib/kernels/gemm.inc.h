/* GEMM. Each element of C is one chain of fma over k, in order, on every tier: between blocks over k the accumulators
 * are stored in C and loaded again, which rounds nothing. Tiles, blocks and threads therefore cannot change a bit.
 *
 * Blocks of B are packed as panels as wide as a tile, so that the microkernel reads B as one stream. A is read in
 * place, one value broadcast to a row of the tile; packing it too pays only for many panels. */

#define GEMM_WIDTH (V_GEMM_VECTORS * V_LANES)
#define GEMM_HALF (V_GEMM_VECTORS > 1 ? V_GEMM_VECTORS / 2 : 1)
/* Rows per block (MC): A's block stays in the L2 cache, B's panel in L1. */
#define GEMM_BLOCK_ROWS (144 / V_GEMM_ROWS * V_GEMM_ROWS)
/* Columns of B that are packed before they are used: the panels stay in a small L2 cache, and B is still read by half
 * kilobytes where its rows are contiguous. */
#define GEMM_GROUP ((size_t)128)

/* V_LANES rows (or columns) of a matrix, `stride` apart; those beyond `count` repeat the first. */
V_INLINE void gemm_lines(const float *first, size_t stride, size_t count, const float **lines)
{
    for (size_t i = 0; i < V_LANES; i++)
        lines[i] = i < count ? first + i * stride : first;
}

/* Packs columns j0 .. j0 + width - 1 of k rows of B as panels: GEMM_WIDTH values per row, padded with zeros. */
static void gemm_pack_columns(const activ_gemm *g, size_t k0, size_t k, size_t j0, size_t width, float *packed)
{
    const float *b = g->b + k0 * g->b_row_stride + j0 * g->b_column_stride;
    const size_t whole = width / GEMM_WIDTH * GEMM_WIDTH;
    if (g->b_column_stride == 1) {
        /* Four rows at a time through all panels: rows lie far apart, so each is read in order. */
        for (size_t p0 = 0; p0 < k; p0 += 4)
            for (size_t j = 0; j < width; j += GEMM_WIDTH)
                for (size_t p = p0; p < k && p < p0 + 4; p++)
                    for (size_t v = 0; v < V_GEMM_VECTORS; v++) {
                        size_t lanes = v_active_lanes(width - j, v);
                        vf row = lanes ? v_load_lanes(b + p * g->b_row_stride + j + v * V_LANES, lanes) : v_set(0.0f);
                        v_store(packed + j * k + p * GEMM_WIDTH + v * V_LANES, row);
                    }
        return;
    }
    size_t transposed = 0;
    if (g->b_row_stride == 1) {
        /* The columns are contiguous: transposed in registers. */
        transposed = k / 4 * 4;
        for (size_t j = 0; j < whole; j += V_LANES) {
            float *to = packed + j / GEMM_WIDTH * GEMM_WIDTH * k + j % GEMM_WIDTH;
            const float *lines[V_LANES];
            gemm_lines(b + j * g->b_column_stride, g->b_column_stride, V_LANES, lines);
            for (size_t p = 0; p < transposed; p += 4) {
                vf rows[4];
                v_transpose4(lines, p, rows);
                for (size_t i = 0; i < 4; i++)
                    v_store(to + (p + i) * GEMM_WIDTH, rows[i]);
            }
        }
    }
    for (size_t j = 0; j < width; j += GEMM_WIDTH)
        for (size_t p = j < whole ? transposed : 0; p < k; p++)
            for (size_t c = j; c < j + GEMM_WIDTH; c++)
                packed[j * k + p * GEMM_WIDTH + c - j] =
                    c < width ? b[p * g->b_row_stride + c * g->b_column_stride] : 0.0f;
}

/* Height of the next tile of `rows` remaining rows. All tiles get nearly the same: a low one has too few accumulators
 * to keep the FMA units busy. Above eight there are even heights only, as each height is a microkernel of up to 5 KB;
 * a last tile in between is two of half the height. */
static size_t gemm_height(size_t rows)
{
    size_t tiles = (rows + V_GEMM_ROWS - 1) / V_GEMM_ROWS, height = (rows + tiles - 1) / tiles;
    if (height <= 8 || height % 2 == 0)
        return height;
    return height < rows ? height + 1 : height / 2 + 1;
}

/* Packs a tile's rows of A column by column. Writes up to V_LANES - 1 floats past the end. */
static void gemm_pack_tile(const float *a, size_t a_row_stride, size_t a_column_stride, size_t height, size_t k,
                           float *packed)
{
    size_t transposed = a_column_stride == 1 ? k / 4 * 4 : 0;
    /* A vector's lanes beyond the tile's rows are overwritten by the next column, so columns are stored in order. */
    for (size_t p = 0; p < transposed; p += 4)
        for (size_t i = 0; i < height; i += V_LANES) {
            const float *lines[V_LANES];
            vf columns[4];
            gemm_lines(a + i * a_row_stride, a_row_stride, height - i, lines);
            v_transpose4(lines, p, columns);
            for (size_t c = 0; c < 4; c++)
                v_store_lanes(packed + (p + c) * height + i, i == 0 ? V_LANES : v_active_lanes(height - i, 0),
                              columns[c]);
        }
    for (size_t p = transposed; p < k; p++)
        for (size_t i = 0; i < height; i++)
            packed[p * height + i] = a[i * a_row_stride + p * a_column_stride];
}

typedef struct gemm_tile_args {
    const float *a; /* the tile's first row, at the start of the block over k */
    size_t a_row_stride, a_column_stride;
    const float *b;
    size_t b_row_stride;
    float *c;
    size_t c_row_stride;
    size_t k;
    const float *start; /* initial accumulators, with their row stride: C, or one row of biases; NULL: zero */
    size_t start_row_stride;
} gemm_tile_args;

/* The microkernel's rows are unrolled by macros: compilers keep an array indexed by a long loop in memory. */
#if V_GEMM_ROWS > 14
#    error "tiles are listed up to fourteen rows"
#endif
#define GEMM_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define GEMM_HEIGHTS(X, even) X(1) even(2) X(3) even(4) X(5) even(6) X(7) even(8) even(10) even(12) even(14)

#define GEMM_DECLARE(i) vf acc##i[V_GEMM_VECTORS];
#define GEMM_ZERO(i)                                 \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_set(0.0f);
#define GEMM_START(i)                                \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_load(start + i * start_row_stride + j * V_LANES);
#define GEMM_STEP(i)                                 \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_fma(v_set(a[i * a_row_stride]), row[j], acc##i[j]);
#define GEMM_STORE(i)                                \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        v_store(c + i * c_row_stride + j * V_LANES, acc##i[j]);
/* One step along k. Without the barrier, compilers hoist loads so far that accumulators spill. */
#define GEMM_K_STEP                           \
    {                                         \
        vf row[V_GEMM_VECTORS];               \
        for (size_t j = 0; j < vectors; j++)  \
            row[j] = v_load(b + j * V_LANES); \
        GEMM_ROWS(GEMM_STEP)                  \
        a += a_column_stride;                 \
        b += b_row_stride;                    \
        v_barrier();                          \
    }

/* Steps in one turn of the loop: where a vector is one number, each is long already. */
#define GEMM_STEPS (V_LANES > 1 ? (size_t)2 : (size_t)1)

/* Turns that hide a prefetch: about 300 cycles, enough for the L3 cache. */
#define GEMM_PREFETCH_TURNS (48 / GEMM_STEPS)

/* How a tile's A lies in memory: by rows or columns that are contiguous, or not known at compile time. */
enum { GEMM_ROWWISE, GEMM_COLUMNWISE, GEMM_ANY };

/* The microkernel. `rows`, `vectors` and `kind` are constants at each call, so that the accumulators are registers and
 * addresses simple. */
V_INLINE void gemm_tile(const gemm_tile_args *t, const size_t rows, const size_t vectors, const int kind)
{
    const float *a = t->a, *b = t->b, *start = t->start;
    const size_t a_row_stride = kind == GEMM_COLUMNWISE ? 1 : t->a_row_stride,
                 a_column_stride = kind == GEMM_ROWWISE ? 1 : t->a_column_stride, b_row_stride = t->b_row_stride;
    const size_t start_row_stride = t->start_row_stride, c_row_stride = t->c_row_stride;
    float *c = t->c;
    GEMM_ROWS(GEMM_DECLARE)
    if (start) {
        GEMM_ROWS(GEMM_START)
    } else {
        GEMM_ROWS(GEMM_ZERO)
    }
    const size_t turns = t->k / GEMM_STEPS, last = turns < GEMM_PREFETCH_TURNS ? turns : GEMM_PREFETCH_TURNS;
    for (size_t p = turns; p > 0; p--) {
        /* The next tile's C. Prefetched earlier, it would be evicted by then where C's rows share sets of the cache. */
        for (size_t i = rows; !V_LIKELY(p != last) && i < 2 * rows; i++)
            v_prefetch(c + i * c_row_stride);
        GEMM_K_STEP
        if (GEMM_STEPS > 1)
            GEMM_K_STEP
    }
    if (t->k % GEMM_STEPS > 0)
        GEMM_K_STEP
    GEMM_ROWS(GEMM_STORE)
}

V_INLINE void gemm_whole_tile(const gemm_tile_args *t, const size_t rows)
{
    if (rows > V_GEMM_ROWS)
        return; /* another tier's */
    if (V_LANES == 1)
        gemm_tile(t, rows, V_GEMM_VECTORS, GEMM_ANY);
    else if (t->a_column_stride == 1)
        gemm_tile(t, rows, V_GEMM_VECTORS, GEMM_ROWWISE);
    else
        gemm_tile(t, rows, V_GEMM_VECTORS, GEMM_COLUMNWISE);
}

/* For a narrow remainder of the columns. */
V_INLINE void gemm_narrow_tile(const gemm_tile_args *t, const size_t rows)
{
    if (rows <= V_GEMM_ROWS)
        gemm_tile(t, rows, GEMM_HALF, GEMM_ANY);
}

#define GEMM_TILE(height)                                   \
    static void gemm_tile_##height(const gemm_tile_args *t) \
    {                                                       \
        gemm_whole_tile(t, height);                         \
    }
#define GEMM_EVEN_TILE(height)                                   \
    GEMM_TILE(height)                                            \
    static void gemm_half_tile_##height(const gemm_tile_args *t) \
    {                                                            \
        gemm_narrow_tile(t, height);                             \
    }
GEMM_HEIGHTS(GEMM_TILE, GEMM_EVEN_TILE)

/* By height; a remainder of odd height takes a whole tile. */
typedef void gemm_tile_function(const gemm_tile_args *t);
#define GEMM_NAME(height) [height] = gemm_tile_##height,
#define GEMM_HALF_NAME(height) [height] = gemm_half_tile_##height,
static gemm_tile_function *const gemm_tiles[] = { GEMM_HEIGHTS(GEMM_NAME, GEMM_NAME) };
static gemm_tile_function *const gemm_half_tiles[] = { GEMM_HEIGHTS(GEMM_NAME, GEMM_HALF_NAME) };

/* Rows of `width` floats, from one array into another. */
static void gemm_copy(size_t rows, size_t width, const float *from, size_t from_row_stride, float *to,
                      size_t to_row_stride)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < width; j += V_LANES) {
            size_t lanes = v_active_lanes(width - j, 0);
            v_store_lanes(to + i * to_row_stride + j, lanes, v_load_lanes(from + i * from_row_stride + j, lanes));
        }
}

/* A large C that is written once, as the gradient of a wide layer's weights, goes past the caches: its lines are not
 * read before, and do not evict each other where its row stride is a multiple of 4 KiB. The deeper the product, the
 * less that matters, and sooner for low tiles. */
#define GEMM_STREAM_FROM ((size_t)1 << 21)
#define GEMM_STREAM_DEPTH (32 * V_GEMM_ROWS < ACTIV_GEMM_DEPTH ? 32 * V_GEMM_ROWS : ACTIV_GEMM_DEPTH)
V_INLINE int gemm_streams(const activ_gemm *g)
{
    return V_LANES > 1 && g->m * g->n >= GEMM_STREAM_FROM && g->k <= GEMM_STREAM_DEPTH && !g->epilogue.kernel &&
           (uintptr_t)g->c % (V_LANES * sizeof(float)) == 0 && g->c_row_stride % V_LANES == 0;
}

V_INLINE void gemm_stream(size_t height, const float *tile, float *c, size_t c_row_stride)
{
    for (; height > 0; height--, tile += GEMM_WIDTH, c += c_row_stride)
        for (size_t j = 0; j < GEMM_WIDTH; j += V_LANES)
            v_stream(c + j, v_load(tile + j));
}

/* One panel of B, all rows of the block. `packed`: t.a is packed. */
static void gemm_panel(gemm_tile_args t, size_t rows, size_t width, int packed, int streamed)
{
    const int narrow = width <= GEMM_HALF * V_LANES;
    gemm_tile_function *const *tiles = narrow ? gemm_half_tiles : gemm_tiles;
    while (rows > 0) {
        const size_t height = gemm_height(rows), whole = narrow && height % 2 == 0 ? GEMM_HALF * V_LANES : GEMM_WIDTH;
        if (packed)
            t.a_column_stride = height;
        if (streamed && width == GEMM_WIDTH) {
            float tile[V_GEMM_ROWS * GEMM_WIDTH];
            gemm_tile_args inner = t;
            inner.c = tile;
            inner.c_row_stride = GEMM_WIDTH;
            tiles[height](&inner);
            gemm_stream(height, tile, t.c, t.c_row_stride);
        } else if (width == whole) {
            tiles[height](&t);
        } else {
            /* The remainder: C and biases end within the tile, which works on a copy. */
            float edge[V_GEMM_ROWS * GEMM_WIDTH] = { 0 };
            gemm_tile_args inner = t;
            if (t.start) {
                gemm_copy(t.start_row_stride > 0 ? height : 1, width, t.start, t.start_row_stride, edge, GEMM_WIDTH);
                inner.start = edge;
                inner.start_row_stride = t.start_row_stride > 0 ? GEMM_WIDTH : 0;
            }
            inner.c = edge;
            inner.c_row_stride = GEMM_WIDTH;
            tiles[height](&inner);
            gemm_copy(height, width, edge, GEMM_WIDTH, t.c, t.c_row_stride);
        }
        t.a += packed ? height * t.k : height * t.a_row_stride;
        t.c += height * t.c_row_stride;
        t.start = t.start ? t.start + height * t.start_row_stride : NULL;
        rows -= height;
    }
}

/* For rows of C that are complete. */
static void gemm_epilogue(const activ_gemm *g, size_t i, size_t rows, size_t j, size_t width)
{
    const activ_gemm_epilogue *e = &g->epilogue;
    if (!e->kernel)
        return;
    activ_fn_args args = *e->args;
    if (args.channels > 0)
        args.params += e->first_column + j;
    /* Rows without gaps are one array. */
    if (width == g->c_row_stride && width == e->row_stride && args.channels == 0) {
        width *= rows;
        rows = 1;
    }
    for (size_t r = i; r < i + rows; r++) {
        float *c = g->c + r * g->c_row_stride + j;
        if (e->y)
            e->kernel->forward(&args, width, c, e->y + r * e->row_stride + j);
        else
            e->kernel->backward(&args, 0, 0, width, e->x + r * e->row_stride + j, c, c, NULL);
    }
}

/* GEMV: one row times a B whose columns are contiguous (a linear layer's weights, for one sample). Every value of B is
 * used once, so B is transposed in registers, without packing. */

/* Columns j .. j + columns - 1, at most V_LANES, from step p along k on. */
static void gemm_row_end(const activ_gemm *g, size_t j, size_t columns, size_t p)
{
    const float *b = g->b + j * g->b_column_stride,
                *start = p > 0     ? g->c + j
                         : g->bias ? g->bias + j
                                   : NULL,
                *lines[V_LANES];
    vf rows[4], acc = start ? v_load_lanes(start, columns) : v_set(0.0f);
    gemm_lines(b, g->b_column_stride, columns, lines);
    for (; p + 4 <= g->k; p += 4) {
        v_transpose4(lines, p, rows);
        for (size_t i = 0; i < 4; i++)
            acc = v_fma(v_set(g->a[(p + i) * g->a_column_stride]), rows[i], acc);
    }
    for (; p < g->k; p++) {
        float row[V_LANES] = { 0 };
        for (size_t i = 0; i < columns; i++)
            row[i] = lines[i][p];
        acc = v_fma(v_set(g->a[p * g->a_column_stride]), v_load(row), acc);
    }
    v_store_lanes(g->c + j, columns, acc);
}

/* Four vectors of columns at a time: a single chain of fma would be bound by latency. */
#define GEMM_ROW_VECTORS(X) X(0) X(1) X(2) X(3)
#define GEMM_ROW_START(v)                                                                             \
    const float *lines##v[V_LANES];                                                                   \
    gemm_lines(g->b + (j + v * V_LANES) * g->b_column_stride, g->b_column_stride, V_LANES, lines##v); \
    vf acc##v = g->bias ? v_load(g->bias + j + v * V_LANES) : v_set(0.0f);
#define GEMM_ROW_STEP(v)             \
    v_transpose4(lines##v, p, rows); \
    for (size_t i = 0; i < 4; i++)   \
        acc##v = v_fma(v_set(a[i * a_column_stride]), rows[i], acc##v);
#define GEMM_ROW_STORE(v) v_store(g->c + j + v * V_LANES, acc##v);

static void gemm_row(const activ_gemm *g)
{
    const size_t whole = g->k / 4 * 4, a_column_stride = g->a_column_stride;
    size_t j = 0;
    for (; whole > 0 && j + 4 * V_LANES <= g->n; j += 4 * V_LANES) {
        const float *a = g->a;
        GEMM_ROW_VECTORS(GEMM_ROW_START)
        for (size_t p = 0; p < whole; p += 4) {
            vf rows[4];
            GEMM_ROW_VECTORS(GEMM_ROW_STEP)
            a += 4 * a_column_stride;
        }
        GEMM_ROW_VECTORS(GEMM_ROW_STORE)
        for (size_t v = 0; v < 4 && whole < g->k; v++)
            gemm_row_end(g, j + v * V_LANES, V_LANES, whole);
    }
    for (; j < g->n; j += V_LANES)
        gemm_row_end(g, j, v_active_lanes(g->n - j, 0), 0);
    gemm_epilogue(g, 0, 1, 0, g->n);
}

/* All rows of the columns j0 .. j0 + width - 1, for one block over k. */
V_INLINE void gemm_block(const activ_gemm *g, size_t j0, size_t width, size_t k0, size_t k)
{
    float *panels = g->scratch, *tiles = g->scratch + ACTIV_GEMM_PANELS(width, k);
    /* A is packed for many panels, and for fewer if its columns lie on more pages than the TLB holds. */
    const int pack_rows = width >= ACTIV_GEMM_COLUMNS ||
                          (width >= ACTIV_GEMM_PACK_FROM && g->a_column_stride > 1 && k * g->a_column_stride > 1 << 16);
    const int streamed = gemm_streams(g);
    /* With a single tile of rows B is read once: no packing, but for the remainder. */
    const size_t whole = g->m <= V_GEMM_ROWS && g->b_column_stride == 1 ? width / GEMM_WIDTH * GEMM_WIDTH : 0;
    /* Panels are packed in groups, just before they are used first. With a single block of rows nothing uses them
     * again: all groups lie in the same place. */
    const size_t kept = g->m > GEMM_BLOCK_ROWS ? SIZE_MAX : GEMM_GROUP;
    for (size_t i = 0; i < g->m; i += GEMM_BLOCK_ROWS) {
        const size_t rows = g->m - i < GEMM_BLOCK_ROWS ? g->m - i : GEMM_BLOCK_ROWS;
        const float *a = g->a + i * g->a_row_stride + k0 * g->a_column_stride;
        for (size_t r = 0; pack_rows && r < rows; r += gemm_height(rows - r))
            gemm_pack_tile(a + r * g->a_row_stride, g->a_row_stride, g->a_column_stride, gemm_height(rows - r), k,
                           tiles + r * k);
        gemm_tile_args t = { .a = pack_rows ? tiles : a,
                             .a_row_stride = pack_rows ? 1 : g->a_row_stride,
                             .a_column_stride = g->a_column_stride,
                             .c_row_stride = g->c_row_stride,
                             .k = k };
        for (size_t j = 0; j < width; j += GEMM_WIDTH) {
            const size_t packed = j < whole ? 0 : j - whole;
            float *panel = panels + packed % kept * k;
            if (i == 0 && j >= whole && packed % GEMM_GROUP == 0)
                gemm_pack_columns(g, k0, k, j0 + j, width - j < GEMM_GROUP ? width - j : GEMM_GROUP, panel);
            t.b = j < whole ? g->b + k0 * g->b_row_stride + j0 + j : panel;
            t.b_row_stride = j < whole ? g->b_row_stride : GEMM_WIDTH;
            t.c = g->c + i * g->c_row_stride + j0 + j;
            t.start = k0 > 0 ? t.c : g->bias ? g->bias + j0 + j : NULL;
            t.start_row_stride = k0 > 0 ? g->c_row_stride : 0;
            gemm_panel(t, rows, width - j < GEMM_WIDTH ? width - j : GEMM_WIDTH, pack_rows, streamed);
        }
        if (k0 + k == g->k)
            gemm_epilogue(g, i, rows, j0, width);
    }
    if (streamed)
        v_stream_end();
}

static void gemm(const activ_gemm *g)
{
    if (g->m == 1 && g->b_row_stride == 1) {
        gemm_row(g);
        return;
    }
    /* Blocks over k of nearly equal depth. */
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
