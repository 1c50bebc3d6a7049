/* A library that asks for a locale when it is loaded, as some that others are made of do: the
 * process's first malloc is then called with libc's lock for locales held. */
#include <locale.h>

__attribute__((constructor)) static void ask_for_locale(void)
{
    locale_t locale = newlocale(LC_MESSAGES_MASK, "POSIX", (locale_t)0);
    if (locale != (locale_t)0)
        freelocale(locale);
}
