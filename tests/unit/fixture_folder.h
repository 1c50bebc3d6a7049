/* Files that a reader must take or refuse: all of a folder of fixtures. */
#ifndef TOLLGATE_TESTS_FIXTURE_FOLDER_H
#define TOLLGATE_TESTS_FIXTURE_FOLDER_H

#include "base/error.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* Reads every file of the folder; returns how many there were. A refusal names the file. */
static inline int fixture_folder_read(const char *folder, bool valid,
                                      bool (*read)(const char *path, struct error *err))
{
    int count = 0;
    DIR *entries = opendir(folder);
    cr_assert_not_null(entries, "%s", folder);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[512];
        struct error err = {0};
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        bool ok = read(path, &err);
        cr_expect_eq(ok, valid, "%s: %s: %s", path, err.where, err.text);
        if (!ok)
            cr_expect(err.code == ERROR_INPUT && strncmp(err.where, path, strlen(path)) == 0 &&
                          err.text[0] != '\0',
                      "%s does not name the place: %s", path, err.where);
        count++;
    }
    closedir(entries);
    return count;
}

#endif
