/* What an object lacks, in words for a reader. */
#include "rig/symbols_private.h"

#include <elfutils/libdwelf.h>
#include <stdio.h>

enum { BUILD_ID_SHOWN = 20 };

/* libdw takes compressed sections apart when it opens a file: what is still compressed, it could
 * not read. */
static bool is_compressed(Elf *elf, const char *name)
{
    GElf_Shdr header;
    Elf_Scn *section = elf != NULL ? symbols_elf_section(elf, name) : NULL;
    return section != NULL && gelf_getshdr(section, &header) != NULL &&
           (header.sh_flags & SHF_COMPRESSED) != 0;
}

static void explain_debug(struct symbols_object *object, Elf *elf)
{
    if (is_compressed(elf, ".debug_info") || is_compressed(elf, ".debug_line") ||
        is_compressed(elf, ".debug_abbrev"))
        symbols_object_say(object,
                           "the debug information of %s is compressed in a way that this libdw "
                           "cannot read: build with -gz=zlib or -gz=none",
                           object->path);
    else if (object->unit_count == 0)
        symbols_object_say(object, "the debug information of %s is damaged: build it again",
                           object->path);
    else if (object->lines.lines == NULL)
        symbols_object_say(object, "%s has no line table: build it with -g", object->path);
    else
        symbols_object_say(object, "no code of %s was built with -g: lines are not known",
                           object->path);
}

static void explain_stripped(struct symbols_object *object)
{
    const unsigned char *id;
    const void *found = NULL;
    char text[2 * BUILD_ID_SHOWN + 1] = "";
    ssize_t size = dwelf_elf_gnu_build_id(object->elf, &found);
    id = found;
    for (ssize_t i = 0; i < size && i < BUILD_ID_SHOWN; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    symbols_object_say(object,
                       "%s is stripped: build it with -g and leave it unstripped, or install its "
                       "debug file%s%s%s",
                       object->path, size > 0 ? " (build id " : "", text, size > 0 ? ")" : "");
}

void symbols_explain(struct symbols_object *object)
{
    if (object->elf == NULL || object->detail == SYMBOLS_LINES)
        return;
    Elf *elf = object->debug.elf != NULL ? object->debug.elf : object->elf;
    if (symbols_elf_section(elf, ".debug_info") != NULL ||
        symbols_elf_section(elf, ".zdebug_info") != NULL)
        explain_debug(object, elf);
    else if (object->detail == SYMBOLS_FUNCTIONS)
        symbols_object_say(object,
                           "%s was built without -g: functions are known, lines are not; build it "
                           "with -g",
                           object->path);
    else
        explain_stripped(object);
}
