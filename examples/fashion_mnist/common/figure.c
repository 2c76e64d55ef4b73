/* Figures, drawn by gnuplot: see figure.h. */
#include "figure.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"

extern char **environ;

bool figure_can_draw(void)
{
    const char *path = getenv("PATH");
    if (path == NULL)
        return false;
    while (*path != '\0') {
        size_t length = strcspn(path, ":");
        char program[4096];
        int size = snprintf(program, sizeof program, "%.*s/gnuplot", (int)length, path);
        if (length > 0 && size > 0 && (size_t)size < sizeof program && access(program, X_OK) == 0)
            return true;
        path += length + (path[length] == ':' ? 1 : 0);
    }
    return false;
}

/* Between single quotation marks, where only these are special. */
static void write_quoted(FILE *script, const char *text)
{
    (void)fputc('\'', script);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)fputc('\'', script);
        (void)fputc(*text, script);
    }
    (void)fputc('\'', script);
}

activ_status figure_begin(struct figure *figure, const char *folder, activ_message *message)
{
    memset(figure, 0, sizeof *figure);
    char *path = path_join(folder, "figure.gp");
    if (path == NULL) {
        message_set(message, "out of memory");
        return ACTIV_ERROR_OUT_OF_MEMORY;
    }
    activ_status status = new_file_open(&figure->file, path, message);
    free(path);
    figure->script = figure->file.stream;
    if (status == ACTIV_OK)
        (void)fprintf(figure->script,
                      "set encoding utf8\nset datafile missing 'nan'\n"
                      "set border linecolor rgb 'black'\nset grid linecolor rgb '#999999' linewidth 0.3\n"
                      "set tics textcolor rgb 'black'\n");
    return status;
}

void figure_target(struct figure *figure, const char *folder, const char *name, enum figure_format format,
                   unsigned width, unsigned height)
{
    size_t i = figure->count;
    if (figure->failed || i == FIGURE_TARGETS) {
        figure->failed = true;
        return;
    }
    figure->paths[i] = path_join(folder, name);
    size_t size = figure->paths[i] != NULL ? strlen(figure->paths[i]) + 40 : 0;
    figure->temporaries[i] = size > 0 ? malloc(size) : NULL;
    figure->count++;
    if (figure->temporaries[i] == NULL) {
        figure->failed = true;
        return;
    }
    (void)snprintf(figure->temporaries[i], size, "%s.%ld.tmp", figure->paths[i], (long)getpid());
    if (format == FIGURE_SVG)
        (void)fprintf(figure->script, "set terminal svg size %u,%u dynamic enhanced font 'sans-serif,13'\n", width,
                      height);
    else
        (void)fprintf(figure->script, "set terminal pngcairo size %u,%u transparent enhanced font 'sans-serif,10'\n",
                      width, height);
    (void)fprintf(figure->script, "set output ");
    write_quoted(figure->script, figure->temporaries[i]);
    (void)fputc('\n', figure->script);
}

/* Does the picture have its end? On a full disk gnuplot ends as if nothing had happened. */
static bool is_whole(const char *path)
{
    char end[32] = "";
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t size = fseek(file, -(long)(sizeof end - 1), SEEK_END) == 0 ? fread(end, 1, sizeof end - 1, file) : 0;
    (void)fclose(file);
    /* SVG ends in a tag, PNG in a chunk of this name and its checksum. */
    for (size_t i = 0; i + 6 <= size; i++)
        if (memcmp(end + i, "</svg>", 6) == 0 || memcmp(end + i, "IEND\xae\x42", 6) == 0)
            return true;
    return false;
}

/* Runs gnuplot on the script, its messages going to a file. Returns whether all is drawn. */
static bool draw(const struct figure *figure, const char *log, activ_message *message)
{
    char *arguments[] = { (char[]){ "gnuplot" }, figure->file.temporary, NULL };
    posix_spawn_file_actions_t actions;
    pid_t child;
    int state = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    int error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        message_set(message, "gnuplot cannot be started: %s", strerror(error));
        return false;
    }
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return false;
    char line[160] = "";
    FILE *said = fopen(log, "r");
    while (said != NULL && fgets(line, sizeof line, said) != NULL && line[strspn(line, " \t\r\n^")] == '\0')
        ;
    if (said != NULL)
        (void)fclose(said);
    line[strcspn(line, "\n")] = '\0';
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        message_set(message, "gnuplot failed: %s", line);
        return false;
    }
    for (size_t i = 0; i < figure->count; i++) {
        if (!is_whole(figure->temporaries[i])) {
            message_set(message, "'%s' cannot be drawn: %s", figure->paths[i],
                        line[0] != '\0' ? line : "what gnuplot wrote has no end; is the disk full?");
            return false;
        }
    }
    return true;
}

activ_status figure_end(struct figure *figure, activ_message *message)
{
    /* gnuplot ends its file when the output is closed. */
    (void)fprintf(figure->script, "\nunset output\n");
    activ_status status = new_file_close(&figure->file, message);
    if (status == ACTIV_OK && figure->failed) {
        message_set(message, "out of memory for a figure");
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    }
    size_t size = status == ACTIV_OK ? strlen(figure->file.temporary) + 5 : 0;
    char *log = size > 0 ? malloc(size) : NULL;
    if (status == ACTIV_OK && log == NULL)
        status = ACTIV_ERROR_OUT_OF_MEMORY;
    if (status == ACTIV_OK) {
        (void)snprintf(log, size, "%s.log", figure->file.temporary);
        message_set(message, "gnuplot failed");
        status = draw(figure, log, message) ? ACTIV_OK : ACTIV_ERROR_IO;
        (void)unlink(log);
    }
    free(log);
    for (size_t i = 0; status == ACTIV_OK && i < figure->count; i++) {
        if (rename(figure->temporaries[i], figure->paths[i]) != 0) {
            message_set(message, "'%s' cannot be written: %s", figure->paths[i], strerror(errno));
            status = ACTIV_ERROR_IO;
        }
    }
    figure_cancel(figure);
    return status;
}

void figure_cancel(struct figure *figure)
{
    new_file_cancel(&figure->file);
    for (size_t i = 0; i < figure->count; i++) {
        if (figure->temporaries[i] != NULL)
            (void)unlink(figure->temporaries[i]);
        free(figure->temporaries[i]);
        free(figure->paths[i]);
    }
    memset(figure, 0, sizeof *figure);
}

void figure_text(struct figure *figure, const char *text)
{
    (void)fputc('\'', figure->script);
    for (; *text != '\0'; text++) {
        if (strchr("_^{}@&~\\", *text) != NULL)
            (void)fputc('\\', figure->script);
        else if (*text == '\'')
            (void)fputc('\'', figure->script);
        (void)fputc((unsigned char)*text < 0x20 ? ' ' : *text, figure->script);
    }
    (void)fputc('\'', figure->script);
}

void figure_expect_nothing(struct figure *figure)
{
    (void)fprintf(figure->script, "set xrange [0:1]\nset yrange [0:1]\n");
}

const char *figure_color(size_t i)
{
    static const char *const colors[] = { "#0a84d0", "#e0712b", "#2c9e6b", "#c0479b", "#b8930c", "#7a62d3", "#d0443e",
                                          "#1aa0a8", "#8a7a68", "#6f9e1f", "#d06a8c", "#5a86a8", "#a05a2c", "#808080" };
    return colors[i % (sizeof colors / sizeof colors[0])];
}
