#include "rig/import_input.h"

#include "base/text.h"
#include "reporters/format.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { HOST_MAX_BYTES = 256 };

void import_print_safe(FILE *file, const char *text, size_t size)
{
    struct buffer safe;
    buffer_init(&safe, 1 << 20);
    text_append_safe(&safe, text, size, false);
    fputs(buffer_text(&safe), file);
    buffer_release(&safe);
}

void import_print_count(FILE *file, size_t count, const char *unit)
{
    char number[FORMAT_SIZE];
    size_t size = strlen(unit);
    format_integer((int64_t)count, number);
    if (count == 1)
        fprintf(file, "%s %s", number, unit);
    else if (unit[size - 1] == 'y')
        fprintf(file, "%s %.*sies", number, (int)size - 1, unit);
    else
        fprintf(file, "%s %ss", number, unit);
}

void import_print_redactions(FILE *file, size_t count, const char *places)
{
    fputs("  redacted: ", file);
    import_print_count(file, count, "value");
    fputc('\n', file);
    for (const char *line = places; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        fputs("    ", file);
        import_print_safe(file, line, size);
        fputc('\n', file);
        line += size + (line[size] == '\n');
    }
}

static void print_reasons(FILE *file, const char *lead, const struct import_reasons *reasons)
{
    char number[FORMAT_SIZE];
    for (size_t i = 0; i < reasons->count; i++) {
        const struct import_reason *reason = &reasons->items[i];
        format_integer((int64_t)reason->count, number);
        if (reason->count == 1)
            fprintf(file, "%s once: %s (%s)\n", lead, reason->text, reason->first);
        else
            fprintf(file, "%s %s times: %s (first %s)\n", lead, number, reason->text,
                    reason->first);
    }
}

static void print_tally(const struct import_settings *settings, const char *path,
                        const struct importer *importer, const struct import_tally *tally)
{
    char number[FORMAT_SIZE];
    FILE *file = settings->report;
    import_print_safe(file, path, strlen(path));
    fprintf(file, ": ");
    import_print_count(file, tally->seen, importer->unit);
    format_integer((int64_t)tally->imported, number);
    fprintf(file, " (%s), %s imported", importer->name, number);
    if (tally->joined > 0) {
        format_integer((int64_t)tally->joined, number);
        fprintf(file, ", %s joined to those as their answers", number);
    }
    if (tally->left_out.total > 0) {
        format_integer((int64_t)tally->left_out.total, number);
        fprintf(file, ", %s left out", number);
    }
    if (tally->odd > 0) {
        format_integer((int64_t)tally->odd, number);
        fprintf(file, ", %s odd and skipped", number);
    }
    fprintf(file, "\n");
    print_reasons(file, "  left out", &tally->left_out);
}

static void print_warnings(const struct import_tally *tally)
{
    size_t shown = tally->odd < IMPORT_ODD_SHOWN ? tally->odd : IMPORT_ODD_SHOWN;
    for (size_t i = 0; i < shown; i++)
        fprintf(stderr, "tollgate: skipped %s: %s\n", tally->odd_shown[i].place,
                tally->odd_shown[i].why);
    if (tally->odd > shown)
        fprintf(stderr, "tollgate: skipped %zu more\n", tally->odd - shown);
    print_reasons(stderr, "tollgate: note,", &tally->warnings);
}

static bool judge(const struct import_settings *settings, const char *path,
                  const struct importer *importer, const struct import_tally *tally,
                  struct error *err)
{
    char text[IMPORT_ODD_SHOWN * 400] = "";
    double share = tally->seen > 0 ? (double)tally->odd / (double)tally->seen : 0;
    if (!(share > settings->max_odd))
        return true;
    for (size_t i = 0; i < IMPORT_ODD_SHOWN && i < tally->odd; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "\n  %s: %s", tally->odd_shown[i].place,
                 tally->odd_shown[i].why);
    }
    return error_set_at(err, ERROR_INPUT, path,
                        "%zu of %zu (%.1f %%) are odd for the format %s, more than the %g %% that "
                        "--max-odd lets pass; nothing was written. If it is of another format, "
                        "name that with --format. The first:%s",
                        tally->odd, tally->seen, share * 100, importer->name,
                        settings->max_odd * 100, text);
}

static bool fail_unknown(const char *path, struct error *err)
{
    struct buffer names;
    buffer_init(&names, 1024);
    importer_append_names(&names);
    error_set_at(err, ERROR_INPUT, path,
                 "is of no format that is known by its looks; name it with --format: %s",
                 buffer_text(&names));
    buffer_release(&names);
    return false;
}

bool import_input_read(const struct import_settings *settings, const char *path,
                       struct import_sink *sink, struct error *err)
{
    const struct importer *importer = settings->format;
    struct import_tally tally = {0};
    struct stat info;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0) {
        import_print_safe(settings->report, path, strlen(path));
        fprintf(settings->report, ": empty\n");
        return true;
    }
    if (importer == NULL && !importer_recognise(&importer, path, err))
        return false;
    if (importer == NULL)
        return fail_unknown(path, err);
    if (!importer->read(path, &settings->options, sink, &tally, err) ||
        !judge(settings, path, importer, &tally, err))
        return false;
    print_tally(settings, path, importer, &tally);
    print_warnings(&tally);
    return true;
}

bool import_host_wanted(const struct import_settings *settings, const char *authority, size_t size)
{
    char host[HOST_MAX_BYTES];
    if (size == 0 || settings->hosts == NULL || settings->hosts[0] == NULL)
        return true;
    size_t kept = size < sizeof host ? size : sizeof host - 1;
    for (size_t i = 0; i < kept; i++)
        host[i] =
            (char)(authority[i] >= 'A' && authority[i] <= 'Z' ? authority[i] + 32 : authority[i]);
    host[kept] = '\0';
    for (int with_port = 1; with_port >= 0; with_port--) {
        for (size_t i = 0; settings->hosts[i] != NULL; i++) {
            if (text_matches_glob(settings->hosts[i], host))
                return true;
        }
        char *colon = strrchr(host, ':');
        if (colon == NULL || strchr(colon, ']') != NULL)
            break;
        *colon = '\0';
    }
    return false;
}
