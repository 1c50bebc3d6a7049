#include "replay/redact.h"

#include "replay/base64.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct redaction *redaction;
static struct arena arena;
static struct error err;

static void setup(void)
{
    arena_init(&arena);
    cr_assert(redaction_new(&redaction, &(struct redaction_options){.key = "key"}, &err));
}

static void teardown(void)
{
    redaction_free(redaction);
    arena_release(&arena);
}

TestSuite(redact, .init = setup, .fini = teardown, .timeout = 60);

/* Base64 of {"password":" which is no secret. */
#define BLOB_KEY "eyJwYXNzd29yZCI6Im"

enum place { QUERY, HEADER, JSON_BODY, FORM_BODY, TEXT_BODY, RESPONSE, UPSTREAM };

/* Where the secret stands: the "%s" in the text is it. */
struct seed {
    enum place place;
    char text[160];
    char secret[200];
};

#define JWT                                                                                        \
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lLmRvZSIsImlhdCI6MTUxNjIzOTAyMn0."                        \
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"

static struct seed seeds[] = {
    {HEADER, "Authorization: Bearer %s", "mF_9.B5f-4.1JqM"},
    {HEADER, "Authorization: Bearer %s", JWT},
    {HEADER, "Authorization: Basic %s", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {HEADER, "Proxy-Authorization: Basic %s", "cHJveHl1c2VyOnN3b3JkZmlzaA=="},
    {HEADER, "Cookie: theme=dark; sessionid=%s", "38afes7a8qlzpw9"},
    {HEADER, "X-Api-Key: %s", "zaCELgL0imfnc8mVLWwsAawjYr4Rx"},
    {HEADER, "X-Auth-Token: %s", "gAAAAABh5kQdMzJ"},
    {HEADER, "X-CSRF-Token: %s", "i8XNjC4b8KVok4uw5RftR38Wgp2BFwql"},
    {HEADER, "X-Amz-Security-Token: %s", "FwoGZXIvYXdzEBYaDKx"},
    {HEADER, "X-Forwarded-For: %s", "203.0.113.195"},
    {HEADER, "Referer: https://shop.example/reset?token=%s", "b51ba8fc-0e8d-4f5e"},
    {HEADER, "X-Note: key %s was used", "AKIAIOSFODNN7EXAMPLE"},
    {QUERY, "access_token=%s", "2YotnFZFEjr1zCsicMWpAA"},
    {QUERY, "api_key=%s", "0123456789abcdef0123"},
    {QUERY, "email=%s", "jane%40example.org"},
    {QUERY, "q=shoes&password=%s", "hunter2hunter2"},
    {QUERY, "next=https%3A%2F%2Fx.example%2F%3Fsid%3D%s", "k3jf9vk2lsd8"},
    {QUERY, "note=%s", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"},
    {QUERY, "client_secret=%s", "7Fjfp0ZBr1KtDRbnfVdmIw"},
    {QUERY, "phone=%s", "%2B14155550132"},
    {JSON_BODY, "{\"user\":{\"password\":\"%s\"}}", "correct horse"},
    {JSON_BODY, "{\"cards\":[{\"note\":\"%s\"}]}", "4111 1111 1111 1111"},
    {JSON_BODY, "{\"cards\":[{\"n\":%s}]}", "5555555555554444"},
    {JSON_BODY, "{\"iban_text\":\"pay to %s\"}", "GB82 WEST 1234 5698 7654 32"},
    {JSON_BODY, "{\"ssn\":\"%s\"}", "078-05-1120"},
    {JSON_BODY, "{\"comment\":\"mine is %s\"}", "219-09-9999"},
    {JSON_BODY, "{\"emailAddress\":\"%s\"}", "ann@mail.example"},
    {JSON_BODY, "{\"comment\":\"write to %s please\"}", "someone.else@example.net"},
    {JSON_BODY, "{\"inner\":\"{\\\"api_key\\\":\\\"%s\\\"}\"}", "deadbeefcafe4242"},
    {JSON_BODY, "{\"token\":\"\\u0061\\u0062%s\"}", "xyzzy-plugh-99"},
    {JSON_BODY, "{\"refresh_token\":\"%s\"}", "tGzv3JOkF0XG5Qx2TlKWIA"},
    {JSON_BODY, "{\"secrets\":{\"list\":[\"a\"]},\"secret\":[\"%s\"]}", "listed-secret-1"},
    {JSON_BODY, "{\"pin\":%s}", "735244"},
    {JSON_BODY, "{\"db\":\"postgres://app:%s@db.internal/x\"}", "p4ssw0rd-in-url"},
    {JSON_BODY, "{\"blob\":\"%s\"}", "eyJwYXNzd29yZCI6Im9wZW5zZXNhbWUxMjMifQ=="},
    {FORM_BODY, "user=jane&passwd=%s", "tr0ub4dor"},
    {FORM_BODY, "grant_type=password&client_assertion=%s", JWT},
    {FORM_BODY, "card%5Bnumber%5D=1&cardNumber=%s", "378282246310005"},
    {FORM_BODY, "payload=%7B%22secret%22%3A%22%s%22%7D", "form-nested-secret"},
    {TEXT_BODY, "the key is sk_live_%s, keep it", "4eC39HqLyjWDarjtT1zdp7dc"},
    {TEXT_BODY, "hook %s", "xoxb-123456789012-abcdefghijkl"},
    {TEXT_BODY, "maps %s", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"},
    {TEXT_BODY, "-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----",
     "MIIEpAIBAAKCAQEA7bq98723"},
    {TEXT_BODY, "git %s", "glpat-9xRzQk2LmN4pT7vW1sYb"},
    {TEXT_BODY, "<login><Password>%s</Password></login>", "xml-secret-77"},
    {TEXT_BODY, "mail SG.%s", "ngeVfQFYQlKU0ufo8x5d1A"},
    {RESPONSE, "{\"access_token\":\"%s\",\"expires_in\":3600}", "MTQ0NjJkZmQ5OTM2NDE1ZTZjNGZm"},
    {RESPONSE, "{\"id_token\":\"%s\"}", JWT},
    {RESPONSE, "{\"users\":[{\"email\":\"%s\"}]}", "first.last@corp.example"},
    {RESPONSE, "{\"session\":{\"id\":\"%s\"}}", "sess-0a1b2c3d4e5f"},
    {UPSTREAM, "{\"owner\":{\"phone_number\":\"%s\"}}", "+49 30 901820"},
    {UPSTREAM, "{\"credential\":\"%s\"}", "upstream-secret-5"},
};

static struct exchange make_exchange(const struct seed *seed, char *text, size_t size)
{
    static struct header headers[1];
    static struct upstream_answer upstream;
    static char name[64];
    struct exchange exchange = {
        .id = "1", .authority = "", .proto = "HTTP/1.1", .variant = "", .weight = 1, .line = 7};
    struct body body;
    const char *mark = strstr(seed->text, "%s");
    snprintf(text, size, "%.*s%s%s", (int)(mark - seed->text), seed->text, seed->secret, mark + 2);
    body = (struct body){text, strlen(text)};
    exchange.request = (struct request){.method = "POST", .target = "/v1/x"};
    exchange.response.status = 200;
    upstream = (struct upstream_answer){.name = "u"};
    upstream.request = (struct request){.method = "GET", .target = "/"};
    upstream.response.status = 200;
    switch (seed->place) {
    case QUERY:
        memmove(text + 6, text, strlen(text) + 1);
        memcpy(text, "/v1/x?", 6);
        exchange.request.target = text;
        break;
    case HEADER:
        snprintf(name, sizeof name, "%.*s", (int)strcspn(text, ":"), text);
        headers[0] = (struct header){name, text + strlen(name) + 2};
        exchange.request.headers = (struct headers){headers, 1};
        break;
    case RESPONSE:
        exchange.response.body = body;
        break;
    case UPSTREAM:
        upstream.response.body = body;
        exchange.upstream = &upstream;
        exchange.upstream_count = 1;
        break;
    default:
        exchange.request.body = body;
    }
    return exchange;
}

static const char *text_of(const struct seed *seed, const struct exchange *exchange)
{
    switch (seed->place) {
    case QUERY:
        return exchange->request.target;
    case HEADER:
        return exchange->request.headers.items[0].value;
    case RESPONSE:
        return exchange->response.body.data;
    case UPSTREAM:
        return exchange->upstream[0].response.body.data;
    default:
        return exchange->request.body.data;
    }
}

static void count_found(void *context, const struct exchange *exchange, const char *place,
                        const char *rule)
{
    (void)exchange;
    cr_assert_not_null(strstr(place, "line 7"));
    cr_assert_gt(strlen(rule), 0);
    ++*(int *)context;
}

ParameterizedTestParameters(redact, no_seed_survives)
{
    return cr_make_param_array(struct seed, seeds, COUNT_OF(seeds));
}

ParameterizedTest(struct seed *each, redact, no_seed_survives, .timeout = 60)
{
    char text[512], before[512];
    int found = 0;
    struct exchange exchange = make_exchange(each, text, sizeof text);
    snprintf(before, sizeof before, "%s", text_of(each, &exchange));
    cr_assert(redaction_check(redaction, &exchange, count_found, &found, &err));
    cr_assert_gt(found, 0, "not found in %s", before);
    cr_assert_str_eq(text_of(each, &exchange), before, "looking changes nothing");
    cr_assert(redaction_apply(redaction, &exchange, &arena, &err));
    const char *after = text_of(each, &exchange);
    cr_assert_null(strstr(after, each->secret), "%s", after);
    cr_assert_eq(strlen(after), strlen(before), "%s", after);
    for (size_t i = 0; i + 8 <= strlen(each->secret); i++) { /* nor a piece of it */
        char piece[9];
        memcpy(piece, each->secret + i, 8);
        piece[8] = '\0';
        bool own = strstr(each->text, piece) != NULL || strstr(piece, "eyJ") != NULL ||
                   strstr("@example.orgexample.net@mail.example@corp.example", piece) != NULL ||
                   strstr(JWT, piece) != NULL || strstr(BLOB_KEY, piece) != NULL;
        cr_assert(own || strstr(after, piece) == NULL, "%s of %s in %s", piece, each->secret,
                  after);
    }
    found = 0;
    cr_assert(redaction_check(redaction, &exchange, count_found, &found, &err));
    cr_assert_eq(found, 0, "found again in %s", after);
    struct exchange twice = exchange;
    cr_assert(redaction_apply(redaction, &twice, &arena, &err));
    cr_assert_str_eq(text_of(each, &twice), after, "once is enough");
    if (each->place == JSON_BODY || each->place == RESPONSE) {
        json_t *json = json_loads(after, 0, NULL);
        cr_assert_not_null(json, "still JSON: %s", after);
        json_decref(json);
    }
}

Test(redact, at_least_fifty_kinds)
{
    cr_assert_geq(COUNT_OF(seeds), 50);
}

static const char *redact_body(const char *body)
{
    struct exchange exchange = {.id = "1", .authority = "", .proto = "HTTP/1.1", .variant = ""};
    exchange.request = (struct request){.method = "POST", .target = "/"};
    exchange.request.body = (struct body){body, strlen(body)};
    cr_assert(redaction_apply(redaction, &exchange, &arena, &err));
    return exchange.request.body.data;
}

/* What is nobody's secret stays as it is, byte for byte. */
Test(redact, leaves_the_rest_alone)
{
    static const char *const harmless[] = {
        "{ \"id\": 12345678901234, \"title\":\"Blue  shoes\",\"at\":\"2026-01-31T09:30:00Z\" }",
        "{\"ts\":1700000000000,\"price\":19.99,\"tags\":[\"a\",\"b\"],\"ok\":true,\"none\":null}",
        "q=shoes&page=2&sort=price",
        "{\"uuid\":\"123e4567-e89b-12d3-a456-426614174000\",\"sha\":\"9f86d081884c7d65\"}",
        "plain words, and a time 12:30, and 3.14159265358979",
        "{\"broken\": [1, 2",
        "{\"pin\":{\"id\":\"8817\",\"title\":\"Blue shoes\"},\"mail\":{\"subject\":\"Hello you\"}}",
        "",
    };
    for (size_t i = 0; i < COUNT_OF(harmless); i++)
        cr_assert_str_eq(redact_body(harmless[i]), harmless[i]);
}

Test(redact, spacing_and_escapes_stay)
{
    const char *after = redact_body("{\n  \"password\" : \"a\\u0062c\\n\\\"def\" ,\t\"n\": 1 }");
    cr_assert_eq(strncmp(after, "{\n  \"password\" : \"", 18), 0, "%s", after);
    cr_assert_not_null(strstr(after, "\\n\\\""), "%s", after);
    cr_assert_not_null(strstr(after, "\" ,\t\"n\": 1 }"), "%s", after);
    cr_assert_not_null(strstr(after, "\\u00"), "%s", after);
}

/* One value, spelled in three ways and standing in three places, stays one value. */
Test(redact, equal_values_stay_equal)
{
    const char *json = redact_body("{\"email\":\"jo\\u0065@x.example\"}");
    const char *form = redact_body("email=joe%40x.example");
    char name[4] = "";
    memcpy(name, form + 6, 3);
    json_t *parsed = json_loads(json, 0, NULL);
    const char *value = json_string_value(json_object_get(parsed, "email"));
    cr_assert_eq(strncmp(value, name, 3), 0, "%s %s", value, form);
    cr_assert_neq(strncmp(value, "joe", 3), 0);
    json_decref(parsed);
}

Test(redact, a_jwt_still_decodes)
{
    const char *after = redact_body("{\"token\":\"" JWT "\"}");
    const char *payload = strchr(strstr(after, "eyJ"), '.') + 1;
    size_t size = strcspn(payload, "."), decoded = 0;
    char padded[256];
    bool valid = false;
    snprintf(padded, sizeof padded, "%.*s%s", (int)size, payload,
             size % 4 == 2   ? "=="
             : size % 4 == 3 ? "="
                             : "");
    char *text = base64_decode(padded, strlen(padded), &arena, &decoded, &valid);
    cr_assert(valid && text != NULL, "%s", after);
    json_t *json = json_loads(text, 0, NULL);
    cr_assert_not_null(json, "%s", text);
    cr_assert_eq(json_integer_value(json_object_get(json, "iat")), 1516239022);
    cr_assert_str_neq(json_string_value(json_object_get(json, "sub")), "jane.doe");
    json_decref(json);
}

Test(redact, names_can_be_added_and_kept)
{
    struct redaction *own;
    static const char *const names[] = {"Loyalty-Number", NULL}, *const keep[] = {"email", NULL};
    struct redaction_options options = {.key = "key", .names = names, .keep = keep};
    cr_assert(redaction_new(&own, &options, &err));
    cr_assert_str_neq(redaction_policy(own), redaction_policy(redaction));
    struct exchange exchange = {.id = "1", .authority = "", .proto = "HTTP/1.1", .variant = ""};
    const char *body = "{\"loyalty_number\":\"AB-998877\",\"email\":\"kept\"}";
    exchange.request = (struct request){.method = "POST", .target = "/"};
    exchange.request.body = (struct body){body, strlen(body)};
    cr_assert(redaction_apply(own, &exchange, &arena, &err));
    cr_assert_null(strstr(exchange.request.body.data, "998877"));
    cr_assert_not_null(strstr(exchange.request.body.data, "\"kept\""));
    cr_assert_eq(redaction_count(own), 1);
    redaction_free(own);
}

Test(redact, multipart_by_the_names_of_its_parts)
{
    struct header type = {"Content-Type", "multipart/form-data; boundary=XX"};
    const char *body =
        "--XX\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nopen-sesame-9"
        "\r\n--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHello\r\n--XX"
        "--\r\n";
    struct exchange exchange = {.id = "1", .authority = "", .proto = "HTTP/1.1", .variant = ""};
    exchange.request = (struct request){.method = "POST", .target = "/", .headers = {&type, 1}};
    exchange.request.body = (struct body){body, strlen(body)};
    cr_assert(redaction_apply(redaction, &exchange, &arena, &err));
    cr_assert_null(strstr(exchange.request.body.data, "open-sesame"));
    cr_assert_not_null(strstr(exchange.request.body.data, "\r\n\r\nHello\r\n"));
}

Test(redact, the_report_counts_by_rule_and_place)
{
    struct buffer out;
    buffer_init(&out, 1 << 16);
    redact_body("{\"password\":\"one-secret\"}");
    redact_body("{\"password\":\"two-secret\"}");
    redaction_append_report(redaction, &out);
    cr_assert_not_null(strstr(buffer_text(&out), "2  password"), "%s", buffer_text(&out));
    cr_assert_not_null(strstr(buffer_text(&out), "in request body"));
    cr_assert_null(strstr(buffer_text(&out), "secret"));
    buffer_release(&out);
}
