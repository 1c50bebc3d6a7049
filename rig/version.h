/* The program's version, as CMake knows it. */
#ifndef TOLLGATE_RIG_VERSION_H
#define TOLLGATE_RIG_VERSION_H

const char *version_text(void);

#endif
