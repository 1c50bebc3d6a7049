/* "owners": whose the endpoints are. "codeowners": whose the files are. */
#include "rig/config_private.h"

#include <string.h>

bool config_read_owners(const struct config_reader *reader, const json_t *root,
                        const struct json_place *place)
{
    struct owners_config *out = &reader->config->owners;
    const json_t *owners = json_object_get(root, "owners");
    struct json_place at = json_place_key(place, "owners");
    out->has_map = owners != NULL;
    return owners == NULL ||
           owners_map_parse(&out->map, owners, &at, &reader->config->arena, reader->err);
}

bool config_read_codeowners(const struct config_reader *reader, const json_t *root,
                            const struct json_place *place)
{
    static const char *const keys[] = {"file", "dialect", NULL};
    struct owners_config *out = &reader->config->owners;
    const json_t *codeowners = NULL;
    const char *dialect = NULL;
    struct json_place at = json_place_key(place, "codeowners");
    struct json_place dialect_at = json_place_key(&at, "dialect");
    if (!json_get_object(root, "codeowners", JSON_OPTIONAL, &codeowners, place, reader->err))
        return false;
    if (codeowners == NULL)
        return true;
    if (!json_only_keys(codeowners, keys, &at, reader->err) ||
        !config_read_path(reader, codeowners, "file", JSON_OPTIONAL, &out->codeowners_path, &at) ||
        !json_get_string(codeowners, "dialect", JSON_OPTIONAL, &dialect, &at, reader->err))
        return false;
    out->has_dialect = dialect != NULL;
    if (dialect == NULL || strcmp(dialect, "github") == 0)
        return true;
    out->dialect = CODEOWNERS_GITLAB;
    return strcmp(dialect, "gitlab") == 0 ||
           json_fail(&dialect_at, reader->err, "must be \"github\" or \"gitlab\"");
}
