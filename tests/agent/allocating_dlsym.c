/* A dlsym that allocates, as libc's may: preloaded after the agent, it makes the agent look malloc
 * up from within malloc. At the end the blocks of that time are resized and freed. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *early[4];
static int inside;

static void fail(const char *what)
{
    fprintf(stderr, "allocating_dlsym: %s\n", what);
    _exit(8);
}

static void allocate_early(void)
{
    free(malloc(10));
    early[0] = malloc(100);
    if (early[0] != NULL)
        memset(early[0], 'a', 100);
    early[1] = calloc(10, 10);
    early[2] = realloc(early[0], 200);
    early[3] = realloc(NULL, 50);
    for (int i = 0; i < 4; i++) {
        if (early[i] == NULL)
            fail("no memory while the agent looks its functions up");
    }
    if (early[2][0] != 'a' || early[2][99] != 'a')
        fail("an early realloc lost the content");
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    static void *(*real)(void *, const char *);
    if (real == NULL) {
        void *address = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
        memcpy(&real, &address, sizeof real);
    }
    if (real == NULL)
        fail("no dlsym of glibc 2.34");
    if (early[0] == NULL && !inside) {
        inside = 1;
        allocate_early();
        inside = 0;
    }
    return real(handle, name);
}

__attribute__((destructor)) static void check_early(void)
{
    char *moved = early[2] != NULL ? realloc(early[2], 5000) : NULL;
    if (moved == NULL || moved[0] != 'a' || moved[99] != 'a')
        fail("a block of the pool lost its content when resized");
    for (int i = 0; i < 100; i++) {
        if (early[1][i] != 0)
            fail("an early calloc is not zero");
    }
    free(moved);
    free(early[1]);
    free(early[3]);
}
