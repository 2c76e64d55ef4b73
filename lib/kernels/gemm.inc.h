/* Matrix product. Each element of C is one chain of fma over k, in order, on every tier: blocks
 * over k store the chain's value in C and go on from there, which rounds nothing. Tiles, blocks
 * and threads therefore cannot change a bit.
 *
 * Blocks of B are copied ("packed") as panels, each as wide as a tile, so that a tile reads one stream. A is read
 * where it is, one value for a whole row of the tile at a time; only for many panels is it worth packing too. */

#define GEMM_WIDTH (V_GEMM_VECTORS * V_LANES)
#define GEMM_HALF (V_GEMM_VECTORS > 1 ? V_GEMM_VECTORS / 2 : 1)
/* Rows of C that are finished together: with them A's block and B's panel stay in the caches. */
#define GEMM_BLOCK_ROWS (144 / V_GEMM_ROWS * V_GEMM_ROWS)

/* V_LANES lines of a matrix, `step` apart; those beyond `count` are the first once more. */
V_INLINE void gemm_lines(const float *first, size_t step, size_t count, const float **lines)
{
    for (size_t i = 0; i < V_LANES; i++)
        lines[i] = i < count ? first + i * step : first;
}

/* The columns j0 .. j0 + width - 1 of k rows of B as panels: for each row GEMM_WIDTH values, zeros beyond `width`. */
static void gemm_pack_columns(const activ_gemm *g, size_t k0, size_t k, size_t j0, size_t width, float *packed)
{
    const float *b = g->b + k0 * g->b_rows + j0 * g->b_columns;
    const size_t whole = width / GEMM_WIDTH * GEMM_WIDTH;
    if (g->b_columns == 1) {
        /* A few rows at a time, through all panels: rows lie far apart, so it is they that are read in order. */
        for (size_t p0 = 0; p0 < k; p0 += 4)
            for (size_t j = 0; j < width; j += GEMM_WIDTH)
                for (size_t p = p0; p < k && p < p0 + 4; p++)
                    for (size_t v = 0; v < V_GEMM_VECTORS; v++) {
                        size_t lanes = v_part_lanes(width - j, v);
                        vf row = lanes ? v_load_some(b + p * g->b_rows + j + v * V_LANES, lanes) : v_set(0.0f);
                        v_store(packed + j * k + p * GEMM_WIDTH + v * V_LANES, row);
                    }
        return;
    }
    size_t turned = 0;
    if (g->b_rows == 1) {
        /* The columns are contiguous: turned in registers. */
        turned = k / 4 * 4;
        for (size_t j = 0; j < whole; j += V_LANES) {
            float *to = packed + j / GEMM_WIDTH * GEMM_WIDTH * k + j % GEMM_WIDTH;
            const float *lines[V_LANES];
            gemm_lines(b + j * g->b_columns, g->b_columns, V_LANES, lines);
            for (size_t p = 0; p < turned; p += 4) {
                vf rows[4];
                v_turn4(lines, p, rows);
                for (size_t i = 0; i < 4; i++)
                    v_store(to + (p + i) * GEMM_WIDTH, rows[i]);
            }
        }
    }
    for (size_t j = 0; j < width; j += GEMM_WIDTH)
        for (size_t p = j < whole ? turned : 0; p < k; p++)
            for (size_t c = j; c < j + GEMM_WIDTH; c++)
                packed[j * k + p * GEMM_WIDTH + c - j] = c < width ? b[p * g->b_rows + c * g->b_columns] : 0.0f;
}

/* How many of `rows` rows the next tile takes, so that all are of nearly one height: none is then too low to keep the
 * multipliers busy. */
static size_t gemm_height(size_t rows)
{
    size_t tiles = (rows + V_GEMM_ROWS - 1) / V_GEMM_ROWS;
    return (rows + tiles - 1) / tiles;
}

/* k values of each of a tile's rows of A: those of the first column, then of the second ... Writes up to V_LANES - 1
 * floats more. */
static void gemm_pack_tile(const float *a, size_t a_rows, size_t a_columns, size_t height, size_t k, float *packed)
{
    size_t turned = a_columns == 1 ? k / 4 * 4 : 0;
    /* What a vector holds beyond the tile's rows is written over by the next column, so all rows of a column come
     * before the next. */
    for (size_t p = 0; p < turned; p += 4)
        for (size_t i = 0; i < height; i += V_LANES) {
            const float *lines[V_LANES];
            vf columns[4];
            gemm_lines(a + i * a_rows, a_rows, height - i, lines);
            v_turn4(lines, p, columns);
            for (size_t c = 0; c < 4; c++)
                v_store_some(packed + (p + c) * height + i, i == 0 ? V_LANES : v_part_lanes(height - i, 0), columns[c]);
        }
    for (size_t p = turned; p < k; p++)
        for (size_t i = 0; i < height; i++)
            packed[p * height + i] = a[i * a_rows + p * a_columns];
}

typedef struct gemm_place {
    const float *a; /* first row of the tile, at the start of the block over k */
    size_t a_rows, a_columns;
    const float *b;
    size_t b_rows;
    float *c;
    size_t c_rows;
    size_t k;
    const float *start; /* what the chains go on from, rows start_rows apart: C, or a row of biases; NULL: zero */
    size_t start_rows;
} gemm_place;

/* Rows one by one, not in a loop: compilers keep an array that a long loop goes through in memory. */
#if V_GEMM_ROWS > 14
#    error "tiles are listed up to fourteen rows"
#endif
#define GEMM_ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define GEMM_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)

#define GEMM_DECLARE(i) vf acc##i[V_GEMM_VECTORS];
#define GEMM_ZERO(i)                                 \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_set(0.0f);
#define GEMM_START(i)                                \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_load(start + i * start_rows + j * V_LANES);
#define GEMM_STEP(i)                                 \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        acc##i[j] = v_fma(v_set(a[i * a_rows]), row[j], acc##i[j]);
#define GEMM_STORE(i)                                \
    for (size_t j = 0; i < rows && j < vectors; j++) \
        v_store(c + i * c_rows + j * V_LANES, acc##i[j]);
/* One step along k. Without the barrier, compilers load so far ahead that accumulators leave their registers. */
#define GEMM_ALONG                            \
    {                                         \
        vf row[V_GEMM_VECTORS];               \
        for (size_t j = 0; j < vectors; j++)  \
            row[j] = v_load(b + j * V_LANES); \
        GEMM_ROWS(GEMM_STEP)                  \
        a += a_columns;                       \
        b += b_rows;                          \
        v_barrier();                          \
    }

/* So many pairs of steps, some 300 cycles, are long enough for what comes from the third-level cache. */
#define GEMM_LAST_PAIRS 24

/* `rows`, `vectors` and `columns` are constants at each call, so that the accumulators are registers and addresses
 * simple. `columns`: a column of the tile's A is contiguous, not a row. */
V_INLINE void gemm_tile(const gemm_place *t, const size_t rows, const size_t vectors, const int columns)
{
    const float *a = t->a, *b = t->b, *start = t->start;
    const size_t a_rows = columns ? 1 : t->a_rows, a_columns = columns ? t->a_columns : 1, b_rows = t->b_rows;
    const size_t start_rows = t->start_rows, c_rows = t->c_rows;
    float *c = t->c;
    GEMM_ROWS(GEMM_DECLARE)
    if (start) {
        GEMM_ROWS(GEMM_START)
    } else {
        GEMM_ROWS(GEMM_ZERO)
    }
    const size_t pairs = t->k / 2, last = pairs < GEMM_LAST_PAIRS ? pairs : GEMM_LAST_PAIRS;
    for (size_t p = pairs - last; p > 0; p--) {
        GEMM_ALONG
        GEMM_ALONG
    }
    /* The next tile starts with these. Asked for earlier, they would be gone by then where C's rows share the cache's
     * sets. */
    for (size_t i = rows; i < 2 * rows; i++)
        v_prefetch(c + i * c_rows);
    for (size_t p = last; p > 0; p--) {
        GEMM_ALONG
        GEMM_ALONG
    }
    if (t->k % 2)
        GEMM_ALONG
    GEMM_ROWS(GEMM_STORE)
}

V_INLINE void gemm_tile_of(const gemm_place *t, const size_t rows, const size_t vectors)
{
    if (rows > V_GEMM_ROWS)
        return; /* another tier's */
    if (t->a_columns == 1)
        gemm_tile(t, rows, vectors, 0);
    else
        gemm_tile(t, rows, vectors, 1);
}

#define GEMM_TILE(height)                                    \
    static void gemm_tile_##height(const gemm_place *t)      \
    {                                                        \
        gemm_tile_of(t, height, V_GEMM_VECTORS);             \
    }                                                        \
    static void gemm_half_tile_##height(const gemm_place *t) \
    {                                                        \
        gemm_tile_of(t, height, GEMM_HALF);                  \
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

/* One panel, all rows of the block. `packed`: t.a are packed tiles. */
static void gemm_panel(gemm_place t, size_t rows, size_t width, int packed)
{
    gemm_tile_function *const *tiles = width > GEMM_HALF * V_LANES ? gemm_tiles : gemm_half_tiles;
    const size_t whole = width > GEMM_HALF * V_LANES ? GEMM_WIDTH : GEMM_HALF * V_LANES;
    while (rows > 0) {
        const size_t height = gemm_height(rows);
        if (packed)
            t.a_columns = height;
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
        t.a += packed ? height * t.k : height * t.a_rows;
        t.c += height * t.c_rows;
        t.start = t.start ? t.start + height * t.start_rows : NULL;
        rows -= height;
    }
}

/* What follows the product, for rows of C that are complete. */
static void gemm_epilogue(const activ_gemm *g, size_t i, size_t rows, size_t j, size_t width)
{
    const activ_gemm_epilogue *e = &g->epilogue;
    if (!e->kernel)
        return;
    activ_fn_args args = *e->args;
    if (args.channels > 0)
        args.params += e->first_column + j;
    /* Whole rows are one array. */
    if (width == g->c_rows && width == e->rows && args.channels == 0) {
        width *= rows;
        rows = 1;
    }
    for (size_t r = i; r < i + rows; r++) {
        float *c = g->c + r * g->c_rows + j;
        if (e->y)
            e->kernel->forward(&args, width, c, e->y + r * e->rows + j);
        else
            e->kernel->backward(&args, 0, 0, width, e->x + r * e->rows + j, c, c, NULL);
    }
}

/* One row times a B whose columns are contiguous (a linear layer's weights, for one sample): every value of B is used
 * once, so squares of it are turned in registers and used there. */

/* Columns j .. j + columns - 1, at most V_LANES, from depth p on. */
static void gemm_row_end(const activ_gemm *g, size_t j, size_t columns, size_t p)
{
    const float *b = g->b + j * g->b_columns, *start = p > 0 ? g->c + j : g->bias ? g->bias + j : NULL, *lines[V_LANES];
    vf rows[4], acc = start ? v_load_some(start, columns) : v_set(0.0f);
    gemm_lines(b, g->b_columns, columns, lines);
    for (; p + 4 <= g->k; p += 4) {
        v_turn4(lines, p, rows);
        for (size_t i = 0; i < 4; i++)
            acc = v_fma(v_set(g->a[(p + i) * g->a_columns]), rows[i], acc);
    }
    for (; p < g->k; p++) {
        float row[V_LANES] = { 0 };
        for (size_t i = 0; i < columns; i++)
            row[i] = lines[i][p];
        acc = v_fma(v_set(g->a[p * g->a_columns]), v_load(row), acc);
    }
    v_store_some(g->c + j, columns, acc);
}

/* Four vectors of columns at a time, or each chain would wait for itself. */
#define GEMM_ROW_VECTORS(X) X(0) X(1) X(2) X(3)
#define GEMM_ROW_START(v)                                                                 \
    const float *lines##v[V_LANES];                                                       \
    gemm_lines(g->b + (j + v * V_LANES) * g->b_columns, g->b_columns, V_LANES, lines##v); \
    vf acc##v = g->bias ? v_load(g->bias + j + v * V_LANES) : v_set(0.0f);
#define GEMM_ROW_STEP(v)           \
    v_turn4(lines##v, p, rows);    \
    for (size_t i = 0; i < 4; i++) \
        acc##v = v_fma(v_set(a[i * a_columns]), rows[i], acc##v);
#define GEMM_ROW_STORE(v) v_store(g->c + j + v * V_LANES, acc##v);

static void gemm_row(const activ_gemm *g)
{
    const size_t whole = g->k / 4 * 4, a_columns = g->a_columns;
    size_t j = 0;
    for (; whole > 0 && j + 4 * V_LANES <= g->n; j += 4 * V_LANES) {
        const float *a = g->a;
        GEMM_ROW_VECTORS(GEMM_ROW_START)
        for (size_t p = 0; p < whole; p += 4) {
            vf rows[4];
            GEMM_ROW_VECTORS(GEMM_ROW_STEP)
            a += 4 * a_columns;
        }
        GEMM_ROW_VECTORS(GEMM_ROW_STORE)
        for (size_t v = 0; v < 4 && whole < g->k; v++)
            gemm_row_end(g, j + v * V_LANES, V_LANES, whole);
    }
    for (; j < g->n; j += V_LANES)
        gemm_row_end(g, j, v_part_lanes(g->n - j, 0), 0);
    gemm_epilogue(g, 0, 1, 0, g->n);
}

/* All rows of the columns j0 .. j0 + width - 1, for one block over k. */
static void gemm_block(const activ_gemm *g, size_t j0, size_t width, size_t k0, size_t k)
{
    float *panels = g->scratch, *tiles = g->scratch + ACTIV_GEMM_PANELS(width, k);
    /* A is packed for many panels, and for less if its columns lie on more pages than the CPU keeps at hand. */
    const int pack_rows = width >= ACTIV_GEMM_COLUMNS ||
                          (width >= ACTIV_GEMM_PACK_FROM && g->a_columns > 1 && k * g->a_columns > 1 << 16);
    /* Used once, B need not be copied. */
    const size_t whole = g->m <= V_GEMM_ROWS && g->b_columns == 1 ? width / GEMM_WIDTH * GEMM_WIDTH : 0;
    gemm_pack_columns(g, k0, k, j0 + whole, width - whole, panels + whole * k);
    for (size_t i = 0; i < g->m; i += GEMM_BLOCK_ROWS) {
        const size_t rows = g->m - i < GEMM_BLOCK_ROWS ? g->m - i : GEMM_BLOCK_ROWS;
        const float *a = g->a + i * g->a_rows + k0 * g->a_columns;
        for (size_t r = 0; pack_rows && r < rows; r += gemm_height(rows - r))
            gemm_pack_tile(a + r * g->a_rows, g->a_rows, g->a_columns, gemm_height(rows - r), k, tiles + r * k);
        gemm_place t = { .a = pack_rows ? tiles : a,
                         .a_rows = pack_rows ? 1 : g->a_rows,
                         .a_columns = g->a_columns,
                         .c_rows = g->c_rows,
                         .k = k };
        for (size_t j = 0; j < width; j += GEMM_WIDTH) {
            t.b = j < whole ? g->b + k0 * g->b_rows + j0 + j : panels + j * k;
            t.b_rows = j < whole ? g->b_rows : GEMM_WIDTH;
            t.c = g->c + i * g->c_rows + j0 + j;
            t.start = k0 > 0 ? t.c : g->bias ? g->bias + j0 + j : NULL;
            t.start_rows = k0 > 0 ? g->c_rows : 0;
            gemm_panel(t, rows, width - j < GEMM_WIDTH ? width - j : GEMM_WIDTH, pack_rows);
        }
        if (k0 + k == g->k)
            gemm_epilogue(g, i, rows, j0, width);
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
