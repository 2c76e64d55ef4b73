/* Runs a target on files: those of the folders and files that are named. Without libFuzzer. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t files;

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || stat(path, &info) != 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    const size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size ? size : 1); /* of the very size, so that reading beyond it is found */
    if (!data || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    files++;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            replay(argv[i]);
            continue;
        }
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            replay(path);
        }
        closedir(folder);
    }
    printf("%zu files\n", files);
    return files > 0 ? 0 : 2; /* an empty corpus tests nothing */
}
