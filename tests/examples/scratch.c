/* Scratch files: see scratch.h. */
#include "scratch.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

static char root[256];

const char *scratch_begin(void)
{
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(root, sizeof root, "%s/activ-XXXXXX", temporary != NULL ? temporary : "/tmp");
    return mkdtemp(root);
}

static void remove_tree(const char *path)
{
    struct stat about;
    if (lstat(path, &about) != 0)
        return;
    if (S_ISDIR(about.st_mode)) {
        DIR *folder = opendir(path);
        const struct dirent *entry;
        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            char below[1024];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            remove_tree(below);
        }
        if (folder != NULL)
            (void)closedir(folder);
    }
    (void)remove(path);
}

void scratch_end(void)
{
    if (root[0] != '\0')
        remove_tree(root);
}

const char *scratch_path(const char *name)
{
    static char paths[16][512];
    static size_t next;
    char *path = paths[next++ % 16];
    (void)snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

void scratch_write(const char *name, const void *bytes, size_t size, bool gzip)
{
    gzFile file = gzopen(scratch_path(name), gzip ? "wb" : "wbT");
    assert_non_null(file);
    if (size > 0)
        assert_int_equal(gzwrite(file, bytes, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

void scratch_remove(const char *name)
{
    remove_tree(scratch_path(name));
}

char *scratch_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *bytes = NULL;
    size_t room = 0;
    *size = 0;
    for (;;) {
        if (room - *size < 4096) {
            room = 2 * room + 8192;
            bytes = realloc(bytes, room);
            assert_non_null(bytes);
        }
        size_t got = fread(bytes + *size, 1, room - *size - 1, file);
        if (got == 0)
            break;
        *size += got;
    }
    bytes[*size] = '\0';
    (void)fclose(file);
    return bytes;
}

static void put_u32(unsigned char *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void write_pair(const char *folder, const char *images_name, const char *labels_name, size_t count, bool gzip)
{
    char name[128];
    size_t size = 16 + 784 * count;
    unsigned char *bytes = calloc(size, 1);
    assert_non_null(bytes);
    memcpy(bytes, "\0\0\x08\x03", 4);
    put_u32(bytes + 4, count);
    put_u32(bytes + 8, 28);
    put_u32(bytes + 12, 28);
    uint32_t noise = 12345;
    for (size_t i = 0; i < 784 * count; i++) {
        size_t row = i % 784 / 28;
        noise = 1664525u * noise + 1013904223u;
        bytes[16 + i] = (unsigned char)((row / 2 == i / 784 % 10 ? 180 : 0) + (noise >> 26));
    }
    (void)snprintf(name, sizeof name, "%s/%s", folder, images_name);
    scratch_write(name, bytes, size, gzip);

    memcpy(bytes, "\0\0\x08\x01", 4);
    for (size_t i = 0; i < count; i++)
        bytes[8 + i] = (unsigned char)(i % 10);
    (void)snprintf(name, sizeof name, "%s/%s", folder, labels_name);
    scratch_write(name, bytes, 8 + count, !gzip);
    free(bytes);
}

void scratch_data(const char *folder, size_t train, size_t test)
{
    assert_int_equal(mkdir(scratch_path(folder), 0777), 0);
    /* Of each pair one file is raw and one is gzipped. */
    write_pair(folder, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", train, true);
    write_pair(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", test, false);
}
