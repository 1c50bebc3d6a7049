/* Names whose values are secret: of headers, cookies, query and form keys, JSON keys. */
#include "replay/redact_private.h"

#include "base/macros.h"

#include <string.h>

/* A name is compared in lower case without "-", "_", "." and spaces: "X-Api-Key" is "xapikey". */
struct secret_name {
    const char *name;
    bool anywhere; /* also as the end of a longer name: "old_password", "user.email" */
};

static const struct secret_name secret_names[] = {
    {"authorization", false},
    {"proxyauthorization", false},
    {"cookie", false},
    {"setcookie", false},
    {"password", true},
    {"passwd", true},
    {"passphrase", true},
    {"passcode", true},
    {"pwd", false},
    {"secret", true},
    {"token", true},
    {"apikey", true},
    {"accesskey", true},
    {"secretkey", true},
    {"privatekey", true},
    {"signingkey", true},
    {"encryptionkey", true},
    {"authkey", true},
    {"credential", true},
    {"credentials", true},
    {"session", false},
    {"sessionid", true},
    {"sid", false},
    {"sessid", true},
    {"phpsessid", false},
    {"jsessionid", false},
    {"jwt", true},
    {"csrf", false},
    {"xsrf", false},
    {"csrfmiddleware", false},
    {"otp", false},
    {"totp", false},
    {"mfacode", false},
    {"verificationcode", true},
    {"onetimecode", true},
    {"cvv", false},
    {"cvc", false},
    {"cvv2", false},
    {"pin", false},
    {"ssn", true},
    {"socialsecuritynumber", true},
    {"taxid", true},
    {"nationalid", true},
    {"passportnumber", true},
    {"driverslicense", true},
    {"cardnumber", true},
    {"creditcard", true},
    {"accountnumber", true},
    {"routingnumber", true},
    {"iban", true},
    {"email", true},
    {"emailaddress", true},
    {"mail", false},
    {"phone", true},
    {"phonenumber", true},
    {"mobile", false},
    {"dateofbirth", true},
    {"birthdate", true},
    {"firstname", true},
    {"lastname", true},
    {"fullname", true},
    {"streetaddress", true},
    {"signature", true},
    {"assertion", false},
    {"clientassertion", false},
    {"samlresponse", false},
    {"samlrequest", false},
    {"codeverifier", false},
    {"xamzsecuritytoken", false},
    {"xamzcredential", false},
    {"xforwardedfor", false},
    {"xrealip", false},
    {"trueclientip", false},
    {"cfconnectingip", false},
    {"remoteip", false},
    {"clientip", true},
    {"ipaddress", true},
    {"deviceid", true},
    {"xauth", false},
    {"auth", false},
    {"bearer", false},
};

/* Also the names of things with many harmless parts: an object under them is none as a whole. */
static const char *const shallow_names[] = {"pin",  "mail",      "mobile", "auth",
                                            "sid",  "signature", "email",  "phone",
                                            "iban", "assertion", NULL};

enum { NAME_MAX_BYTES = 128 };

static size_t fold(const char *name, size_t size, char out[NAME_MAX_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < size && length + 1 < NAME_MAX_BYTES; i++) {
        char c = name[i];
        if (c == '-' || c == '_' || c == '.' || c == ' ' || c == '[' || c == ']')
            continue;
        out[length++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[length] = '\0';
    return length;
}

static bool is_listed(const char *const *list, const char *folded)
{
    char other[NAME_MAX_BYTES];
    for (; list != NULL && *list != NULL; list++) {
        fold(*list, strlen(*list), other);
        if (strcmp(other, folded) == 0)
            return true;
    }
    return false;
}

bool redact_is_kept(const char *const *keep, const char *name, size_t size)
{
    char folded[NAME_MAX_BYTES];
    return fold(name, size, folded) > 0 && is_listed(keep, folded);
}

bool redact_reaches_down(const char *rule)
{
    for (const char *const *name = shallow_names; *name != NULL; name++)
        if (strcmp(*name, rule) == 0)
            return false;
    return true;
}

const char *redact_find_name(const char *const *names, const char *const *keep, const char *name,
                             size_t size)
{
    char folded[NAME_MAX_BYTES];
    size_t length = fold(name, size, folded);
    if (length == 0 || is_listed(keep, folded))
        return NULL;
    if (is_listed(names, folded))
        return "configured name";
    for (size_t i = 0; i < COUNT_OF(secret_names); i++) {
        const struct secret_name *secret = &secret_names[i];
        size_t least = strlen(secret->name);
        if (length < least || (length > least && !secret->anywhere))
            continue;
        if (strcmp(folded + length - least, secret->name) == 0)
            return secret->name;
    }
    return NULL;
}
