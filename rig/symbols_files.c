/* The paths that debug information names, as paths of the source tree where they are its own. A
 * tree that was built elsewhere is found again by its files: each unit's path that ends in that of
 * a tracked file votes for what stands before. */
#include "rig/symbols_private.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tracked files of one base name. */
struct symbols_tracked {
    const char *base;
    const char *path; /* relative to the root */
    struct symbols_tracked *next;
    UT_hash_handle hh;
};

bool symbols_files_track(struct symbols *symbols, const char *const *tracked)
{
    for (size_t i = 0; tracked != NULL && tracked[i] != NULL; i++) {
        struct symbols_tracked *first, *each = arena_alloc(&symbols->arena, sizeof *each);
        char *path = arena_copy_string(&symbols->arena, tracked[i]);
        if (each == NULL || path == NULL)
            return false;
        const char *slash = strrchr(path, '/');
        *each = (struct symbols_tracked){.path = path, .base = slash != NULL ? slash + 1 : path};
        HASH_FIND_STR(symbols->tracked, each->base, first);
        if (first != NULL) {
            each->next = first->next;
            first->next = each;
            continue;
        }
        HASH_ADD_KEYPTR(hh, symbols->tracked, each->base, strlen(each->base), each);
        if (each->hh.tbl == NULL)
            return false;
    }
    return true;
}

void symbols_files_untrack(struct symbols *symbols)
{
    HASH_CLEAR(hh, symbols->tracked);
}

static const struct symbols_tracked *same_base(const struct symbols *symbols, const char *path)
{
    struct symbols_tracked *first;
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    HASH_FIND_STR(symbols->tracked, base, first);
    return first;
}

static bool is_tracked(const struct symbols *symbols, const char *path)
{
    const struct symbols_tracked *each = same_base(symbols, path);
    while (each != NULL && strcmp(each->path, path) != 0)
        each = each->next;
    return each != NULL;
}

/* Takes the last name back, unless there is none or it is "..". */
static bool step_back(const char *floor, char **out)
{
    char *last = *out;
    if (last == floor)
        return false;
    for (last--; last > floor && last[-1] != '/';)
        last--;
    if (strncmp(last, "../", 3) == 0)
        return false;
    *out = last;
    return true;
}

/* Takes "//", "/./" and "/../" out of the path, in place. */
static void normalise(char *path)
{
    bool rooted = path[0] == '/', more = true;
    char *floor = path + rooted, *out = floor;
    for (char *in = floor; more;) {
        size_t length = strcspn(in, "/");
        char *name = in;
        more = in[length] == '/';
        in += length + more;
        if (length == 0 || (length == 1 && name[0] == '.'))
            continue;
        if (length == 2 && name[0] == '.' && name[1] == '.' && (step_back(floor, &out) || rooted))
            continue;
        memmove(out, name, length);
        out += length;
        *out++ = '/';
    }
    if (out > floor)
        out--;
    *out = '\0';
}

/* What follows `folder` in a path below it, else NULL. */
static const char *below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' && path[length + 1] != '\0'
               ? path + length + 1
               : NULL;
}

/* The path in the tree, when the path as it is leads there, be it through links. */
static const char *find_in_root(struct symbols *symbols, const char *path)
{
    const char *found = below(path, symbols->given_root);
    if (found == NULL)
        found = below(path, symbols->root);
    if (found != NULL)
        return found;
    const char *full = path;
    if (path[0] != '/')
        full = arena_format(&symbols->arena, "%s/%s", symbols->root, path);
    char *real = full != NULL ? realpath(full, NULL) : NULL;
    found = real != NULL ? below(real, symbols->root) : NULL;
    if (found != NULL)
        found = arena_copy_string(&symbols->arena, found);
    free(real);
    return found;
}

static char *clean_path(struct symbols *symbols, const char *raw)
{
    const char *clean = symbols_clean_text(symbols, raw);
    char *path = clean != NULL ? arena_copy_string(&symbols->arena, clean) : NULL;
    if (path != NULL)
        normalise(path);
    return path;
}

/* A place where the tree may have been built. */
struct vote {
    const char *root;
    size_t count, bytes; /* of the tracked paths that agree: more say more */
    UT_hash_handle hh;
};

static bool cast(struct symbols *symbols, struct vote **votes, const char *path)
{
    for (const struct symbols_tracked *each = same_base(symbols, path); each != NULL;
         each = each->next) {
        size_t length = strlen(path), tail = strlen(each->path);
        struct vote *vote;
        if (tail > length || strcmp(path + length - tail, each->path) != 0 ||
            (tail < length && path[length - tail - 1] != '/'))
            continue;
        size_t head = tail < length ? length - tail - 1 : 0;
        HASH_FIND(hh, *votes, path, head, vote);
        if (vote == NULL) {
            vote = arena_alloc(&symbols->arena, sizeof *vote);
            if (vote == NULL)
                return false;
            vote->root = arena_copy_bytes(&symbols->arena, path, head);
            if (vote->root == NULL)
                return false;
            HASH_ADD_KEYPTR(hh, *votes, vote->root, head, vote);
            if (vote->hh.tbl == NULL)
                return false;
        }
        vote->count++;
        vote->bytes += tail;
    }
    return true;
}

static const char *winner(struct vote *votes)
{
    struct vote *best = NULL;
    for (struct vote *each = votes; each != NULL; each = each->hh.next)
        if (best == NULL || each->count > best->count ||
            (each->count == best->count && each->bytes > best->bytes))
            best = each;
    return best != NULL ? best->root : NULL;
}

static const char *find_text(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(die, name, &attribute) != NULL ? dwarf_formstring(&attribute) : NULL;
}

/* The path of the unit's own source. */
static const char *unit_path(struct symbols_object *object, struct symbols_unit *unit)
{
    struct symbols *symbols = object->symbols;
    const char *name = find_text(&unit->die, DW_AT_name);
    const char *folder = find_text(&unit->die, DW_AT_comp_dir);
    if (name == NULL)
        return NULL;
    if (name[0] != '/' && folder != NULL)
        name = arena_format(&symbols->arena, "%.*s/%.*s", SYMBOLS_NAME_MAX, folder,
                            SYMBOLS_NAME_MAX, name);
    return clean_path(symbols, name);
}

bool symbols_files_find_root(struct symbols_object *object)
{
    struct symbols *symbols = object->symbols;
    struct vote *votes = NULL;
    bool ok = true, here = false;
    if (symbols->tracked == NULL)
        return true;
    for (size_t i = 0; ok && !here && i < object->unit_count; i++) {
        const char *path = unit_path(object, &object->units[i]);
        if (path == NULL)
            continue;
        /* Built where it stands: nothing has to be guessed. */
        here = find_in_root(symbols, path) != NULL;
        ok = here || cast(symbols, &votes, path);
    }
    if (ok && !here)
        object->built_root = winner(votes);
    HASH_CLEAR(hh, votes);
    return ok;
}

/* The path in the tree when it was built elsewhere; of a tracked file alone. */
static const char *find_elsewhere(const struct symbols_object *object, const char *path)
{
    if (object->built_root == NULL)
        return NULL;
    const char *found =
        object->built_root[0] == '\0' && path[0] != '/' ? path : below(path, object->built_root);
    return found != NULL && is_tracked(object->symbols, found) ? found : NULL;
}

const struct symbols_file *symbols_file(struct symbols_object *object, const char *raw)
{
    struct symbols *symbols = object->symbols;
    struct symbols_file *file;
    if (raw == NULL || raw[0] == '\0')
        return NULL;
    HASH_FIND_STR(object->files, raw, file);
    if (file != NULL)
        return file;
    const char *path = clean_path(symbols, raw);
    file = arena_alloc(&symbols->arena, sizeof *file);
    if (path == NULL || file == NULL)
        return NULL;
    const char *found = find_in_root(symbols, path);
    if (found == NULL)
        found = find_elsewhere(object, path);
    *file = (struct symbols_file){
        .raw = raw, .path = found != NULL ? found : path, .own = found != NULL};
    HASH_ADD_KEYPTR(hh, object->files, file->raw, strlen(file->raw), file);
    return file;
}

void symbols_files_release(struct symbols_object *object)
{
    HASH_CLEAR(hh, object->files);
}
