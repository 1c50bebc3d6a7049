/* Calls that are too easy to misuse: naming one is a build error. Included before every source
 * file by the build. The system headers that declare them come first, so that only our own use of
 * a name is caught. */
#ifndef TOLLGATE_BASE_BANNED_H
#define TOLLGATE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf strtok atoi system gmtime localtime

#endif
