/* SHA-256 (FIPS 180-4), and a digest as content security policies spell it. */
#ifndef TOLLGATE_BASE_SHA256_H
#define TOLLGATE_BASE_SHA256_H

#include <stddef.h>

enum { SHA256_SIZE = 32, SHA256_POLICY_SIZE = 52 };

void sha256(const void *data, size_t size, unsigned char digest[static SHA256_SIZE]);

/* "sha256-" and the digest in base64: what a policy names a script or a style by. */
void sha256_policy(const void *data, size_t size, char text[static SHA256_POLICY_SIZE]);

#endif
