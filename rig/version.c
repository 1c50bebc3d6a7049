#include "rig/version.h"

const char *version_text(void)
{
    return TOLLGATE_VERSION;
}
