/* activ plot: functions and their derivatives as curves, drawn by gnuplot. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <activ/activ.h>

#include "commands.h"
#include "system.h"

#define POINTS 1001
#define MOST_SPECS 32
#define LONGEST_TITLE 90

typedef struct {
    const char *file; /* NULL: text on the terminal */
    double from, to;
    int script;
    const char *specs[MOST_SPECS];
    size_t count;
} options;

static int refuse(const char *what, const char *word)
{
    fprintf(stderr, "activ: plot: %s%s (see activ --help)\n", what, word);
    return 2;
}

static int ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static int read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number) && fabs(*number) <= 1e30;
}

/* What a script could take for more than a name. */
static int has_controls(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return 1;
    return 0;
}

/* 0, or 2 after a message. */
static int read_options(int argc, char **argv, options *o)
{
    *o = (options){ .from = -5.0, .to = 5.0 };
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        const int is_file = strcmp(word, "-o") == 0;
        if (is_file || strcmp(word, "--from") == 0 || strcmp(word, "--to") == 0) {
            if (++i == argc)
                return refuse("a value is missing after ", word);
            if (is_file)
                o->file = argv[i];
            else if (!read_number(argv[i], word[2] == 'f' ? &o->from : &o->to))
                return refuse("not a number: ", argv[i]);
        } else if (strcmp(word, "--script") == 0) {
            o->script = 1;
        } else if (word[0] == '-' && word[1] == '-') {
            return refuse("unknown option ", word);
        } else if (o->count == MOST_SPECS) {
            return refuse("more than 32 functions: ", word);
        } else {
            o->specs[o->count++] = word;
        }
    }
    if (o->count == 0)
        return refuse("no function", "");
    if (!(o->from < o->to))
        return refuse("--from is not below --to", "");
    if (o->file && !ends_in(o->file, ".svg") && !ends_in(o->file, ".png"))
        return refuse("-o takes a name that ends in .svg or .png, not ", o->file);
    if (o->file && has_controls(o->file))
        return refuse("-o: a control character in the name", "");
    return 0;
}

/* ---- the script --------------------------------------------------------------------------------------- */

/* Between single quotation marks nothing is special but these. */
static void write_quoted(FILE *script, const char *text)
{
    fputc('\'', script);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', script);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, script);
    }
    fputc('\'', script);
}

static void write_title(FILE *script, const char *before, const char *name)
{
    char title[LONGEST_TITLE + 1];
    const int length = snprintf(title, sizeof title, "%s%s", before, name);
    if (length > LONGEST_TITLE)
        memcpy(title + LONGEST_TITLE - 3, "...", 4);
    write_quoted(script, title);
}

static void write_number(FILE *script, float value, const char *after)
{
    if (isfinite(value))
        fprintf(script, "%.9g%s", (double)value, after);
    else
        fprintf(script, "nan%s", after);
}

/* Which of a function's two curves have a point: gnuplot refuses to draw one without. */
enum { HAS_VALUES = 1, HAS_SLOPES = 2 };

typedef struct {
    double low, high;
} range;

static void widen(range *r, float value)
{
    if (isfinite(value)) {
        r->low = fmin(r->low, (double)value);
        r->high = fmax(r->high, (double)value);
    }
}

/* gnuplot finds a range for itself, but warns of one that is a single value. */
static void write_range(FILE *script, const range *r)
{
    const double size = fmax(fabs(r->low), fabs(r->high)), room = fmax(1.0, 0.1 * size);
    if (r->high - r->low <= 1e-6 * size)
        fprintf(script, "set yrange [%.9g:%.9g]\n", r->low - room, r->high + room);
}

/* Data block $fN: x, f, f'. What can be drawn of it, perhaps nothing; -1 after a message. */
static int write_curve(FILE *script, const options *o, size_t number, const activ_fn *fn, range *y)
{
    static float x[POINTS], f[POINTS], slope[POINTS], ones[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        x[i] = (float)(o->from + (o->to - o->from) * (double)i / (POINTS - 1));
        ones[i] = 1.0f;
    }
    activ_status status = activ_forward(fn, NULL, POINTS, x, f);
    if (status == ACTIV_OK)
        status = activ_backward(fn, NULL, POINTS, x, ones, slope, NULL);
    if (status != ACTIV_OK) {
        fprintf(stderr, "activ: plot: %s: %s\n", activ_fn_spec(fn), activ_status_string(status));
        return -1;
    }
    int has = 0;
    range mine = *y;
    fprintf(script, "$f%zu << EOD\n", number);
    for (size_t i = 0; i < POINTS; i++) {
        write_number(script, x[i], " ");
        write_number(script, f[i], " ");
        write_number(script, slope[i], "\n");
        widen(&mine, f[i]);
        widen(&mine, slope[i]);
        has |= (isfinite(f[i]) ? HAS_VALUES : 0) | (isfinite(slope[i]) ? HAS_SLOPES : 0);
    }
    fprintf(script, "EOD\n");
    /* The derivative's formula may go on where there is no function: 1/x, of log(x). */
    if (!(has & HAS_VALUES))
        return 0;
    *y = mine;
    return has;
}

/* The command that draws: curves with a comma between them. */
static void write_plot(FILE *script, const options *o, activ_fn *const *fn, const int *has)
{
    static const char *const colors[] = { "#0a84d0", "#e0712b", "#2c9e6b", "#c0479b", "#b8930c", "#7a62d3", "#d0443e" };
    const char *before = "plot ";
    for (size_t i = 0; i < o->count; i++) {
        const char *name = strchr(o->specs[i], '@') ? o->specs[i] : activ_fn_spec(fn[i]);
        const char *color = colors[i % (sizeof colors / sizeof colors[0])];
        if (has[i] & HAS_VALUES) {
            fprintf(script, "%s$f%zu using 1:2 with lines lw 2.4 lc rgb '%s' title ", before, i, color);
            write_title(script, "", name);
            before = ", ";
        }
        if (has[i] & HAS_SLOPES) {
            fprintf(script, "%s$f%zu using 1:3 with lines lw 1.4 dt 2 lc rgb '%s' title ", before, i, color);
            write_title(script, "derivative of ", name);
            before = ", ";
        }
    }
    fprintf(script, "\n");
}

/* Says which functions have nothing to be drawn. 0: none has anything. */
static int says_what_is_empty(const options *o, activ_fn *const *fn, const int *has)
{
    int any = 0;
    for (size_t i = 0; i < o->count; i++) {
        any |= has[i];
        if (has[i] == 0)
            fprintf(stderr, "activ: plot: %s: nothing from %g to %g is finite\n", activ_fn_spec(fn[i]), o->from, o->to);
    }
    return any != 0;
}

/* A font's own text, nothing taken for markup: noenhanced. */
static void write_terminal(FILE *script, const options *o)
{
    if (!o->file)
        fprintf(script, o->script ? "" : "set terminal dumb size 100,32 noenhanced\n");
    else if (ends_in(o->file, ".svg"))
        fprintf(script, "set terminal svg size 720,%zu dynamic noenhanced font 'sans-serif,13'\n", 400 + 18 * o->count);
    else
        fprintf(script, "set terminal pngcairo size 1080,%zu noenhanced font 'sans-serif,14'\n", 600 + 27 * o->count);
    if (o->file && o->script) {
        fprintf(script, "set output ");
        write_quoted(script, o->file);
        fputc('\n', script);
    }
}

/* 0 after a message. */
static int write_script(FILE *script, const options *o)
{
    activ_fn *fn[MOST_SPECS] = { NULL };
    int has[MOST_SPECS] = { 0 };
    range y = { INFINITY, -INFINITY };
    int good = 1;
    for (size_t i = 0; good && i < o->count; i++)
        good = (fn[i] = make_elementwise("plot", o->specs[i])) != NULL;
    fprintf(script, "set encoding utf8\nset datafile missing 'nan'\n");
    if (good)
        write_terminal(script, o);
    for (size_t i = 0; good && i < o->count; i++)
        good = (has[i] = write_curve(script, o, i, fn[i], &y)) >= 0;
    good = good && says_what_is_empty(o, fn, has);
    if (good) {
        fprintf(script,
                "set xrange [%.9g:%.9g]\n%sset border 3\nset tics nomirror\n"
                "set key outside below center horizontal maxcols 2 samplen 2\n",
                o->from, o->to, o->file || o->script ? "set zeroaxis lt 1 lc rgb '#999999'\n" : "");
        write_range(script, &y);
        write_plot(script, o, fn, has);
    }
    for (size_t i = 0; i < o->count; i++)
        activ_fn_destroy(fn[i]);
    return good;
}

/* ---- the picture -------------------------------------------------------------------------------------- */

/* On a full disk gnuplot says nothing: a whole picture has this end. */
static int is_whole(FILE *picture, const char *file)
{
    char tail[8] = "";
    const char *end = ends_in(file, ".svg") ? "</svg>" : "IEND\xae\x42";
    if (fseek(picture, -8, SEEK_END) != 0 || fread(tail, 1, sizeof tail, picture) != sizeof tail)
        return 0;
    for (size_t i = 0; i + 6 <= sizeof tail; i++)
        if (memcmp(tail + i, end, 6) == 0)
            return 1;
    return 0;
}

/* To the file, or to stdout, whose state is looked at when the program ends. 0 after a message. */
static int deliver(FILE *picture, const options *o)
{
    if (!o->file) {
        rewind(picture);
        for (int c; (c = fgetc(picture)) != EOF;)
            putchar(c);
        if (ftell(picture) > 0 && !ferror(picture))
            return 1;
        fprintf(stderr, "activ: plot: gnuplot wrote nothing\n");
        return 0;
    }
    const int whole = is_whole(picture, o->file);
    const int error = whole ? system_replace_file(o->file, picture) : 0;
    if (whole && error == 0)
        return 1;
    fprintf(stderr, "activ: plot: '%s' cannot be written: %s\n", o->file,
            whole ? strerror(error) : "what gnuplot wrote has no end");
    return 0;
}

static int draw(FILE *script, const options *o)
{
    FILE *picture = tmpfile();
    if (!picture) {
        fprintf(stderr, "activ: plot: no temporary file: %s\n", strerror(errno));
        return 2;
    }
    rewind(script);
    const int code = system_gnuplot(script, picture);
    if (code == SYSTEM_NO_PROGRAM)
        fprintf(stderr, "activ: plot: there is no gnuplot, which draws (Debian's package is gnuplot-nox); --script "
                        "writes what it would be given\n");
    else if (code != 0)
        fprintf(stderr, "activ: plot: gnuplot failed\n");
    const int good = code == 0 && deliver(picture, o);
    (void)fclose(picture);
    return good ? 0 : 2;
}

int command_plot(int argc, char **argv)
{
    options o;
    int status = read_options(argc, argv, &o);
    if (status != 0)
        return status;
    FILE *script = tmpfile();
    if (!script) {
        fprintf(stderr, "activ: plot: no temporary file: %s\n", strerror(errno));
        return 2;
    }
    status = write_script(script, &o) ? 0 : 2;
    if (status == 0 && (fflush(script) != 0 || ferror(script))) {
        fprintf(stderr, "activ: plot: a temporary file cannot be written: %s\n", strerror(errno));
        status = 2;
    }
    if (status == 0 && o.script) {
        rewind(script);
        for (int c; (c = fgetc(script)) != EOF;)
            putchar(c);
    } else if (status == 0) {
        status = draw(script, &o);
    }
    (void)fclose(script);
    return status;
}
