/* "redact": what is a secret here and what is none, and where the key of the pseudonyms is. */
#include "rig/config_private.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_LEAST_CHARACTERS = 16 };

static bool read_list(const struct config_reader *reader, const json_t *redact, const char *key,
                      const struct json_place *place, const char *const **out)
{
    const json_t *list = NULL;
    struct json_place at = json_place_key(place, key);
    if (!json_get_array(redact, key, JSON_OPTIONAL, &list, place, reader->err))
        return false;
    if (list == NULL)
        return true;
    if (!config_read_strings(reader, list, 0, &at, out, NULL))
        return false;
    for (size_t i = 0; (*out)[i] != NULL; i++) {
        struct json_place item = json_place_index(&at, i);
        if ((*out)[i][0] == '\0')
            return json_fail(&item, reader->err, "must be the name of a header or key");
    }
    return true;
}

bool config_read_redact(const struct config_reader *reader, const json_t *root,
                        const struct json_place *place)
{
    static const char *const keys[] = {"names", "keep", "key_env", NULL};
    struct redact_config *out = &reader->config->redact;
    const json_t *redact = NULL;
    struct json_place at = json_place_key(place, "redact");
    struct json_place env_at = json_place_key(&at, "key_env");
    if (!json_get_object(root, "redact", JSON_OPTIONAL, &redact, place, reader->err))
        return false;
    if (redact == NULL)
        return true;
    if (!json_only_keys(redact, keys, &at, reader->err) ||
        !read_list(reader, redact, "names", &at, &out->names) ||
        !read_list(reader, redact, "keep", &at, &out->keep) ||
        !config_read_name(reader, redact, "key_env", &out->key_env, &at))
        return false;
    if (out->key_env != NULL && (out->key_env[0] == '\0' || strchr(out->key_env, '=') != NULL))
        return json_fail(&env_at, reader->err, "is not a name for a variable");
    return true;
}

bool config_redaction_options(const struct config *config, struct redaction_options *out,
                              struct error *err)
{
    const struct redact_config *redact = &config->redact;
    const char *key = redact->key_env != NULL ? getenv(redact->key_env) : NULL;
    *out = (struct redaction_options){.names = redact->names, .keep = redact->keep};
    if (key == NULL || key[0] == '\0')
        return true; /* a random key: nothing joins with other recordings */
    out->key = key;
    return strlen(key) >= KEY_LEAST_CHARACTERS ||
           error_set(err, ERROR_INPUT,
                     "%s: a key for pseudonyms has 16 characters or more; make one, as in: openssl "
                     "rand -hex 32",
                     redact->key_env);
}

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names != NULL && names[count] != NULL)
        count++;
    return count;
}

bool config_redaction_keep(struct config *config, const char *const *more,
                           struct redaction_options *options, struct error *err)
{
    size_t first = count_names(options->keep), second = count_names(more);
    const char **all = arena_alloc_array(&config->arena, first + second + 1, sizeof *all);
    if (all == NULL)
        return error_set_memory(err);
    for (size_t i = 0; i < first; i++)
        all[i] = options->keep[i];
    for (size_t i = 0; i < second; i++)
        all[first + i] = more[i];
    options->keep = all;
    return true;
}
