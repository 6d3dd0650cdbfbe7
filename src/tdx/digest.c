/* The SHA contexts on the stack are deprecated in 3.0; EVP's want the heap for each hash. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tdx/digest.h"

#include <openssl/sha.h>

#include "base/err.h"
#include "base/banned.h"

int
digest_sha256(const struct bytes *parts, size_t count, uint8_t ret[32])
{
	SHA256_CTX c;

	if (SHA256_Init(&c) != 1)
		return ERR_CRYPTO;
	for (size_t i = 0; i < count; i++)
		if (SHA256_Update(&c, parts[i].p, parts[i].len) != 1)
			return ERR_CRYPTO;
	return SHA256_Final(ret, &c) == 1 ? 0 : ERR_CRYPTO;
}

int
digest_sha384(const struct bytes *parts, size_t count, uint8_t ret[48])
{
	SHA512_CTX c;

	if (SHA384_Init(&c) != 1)
		return ERR_CRYPTO;
	for (size_t i = 0; i < count; i++)
		if (SHA384_Update(&c, parts[i].p, parts[i].len) != 1)
			return ERR_CRYPTO;
	return SHA384_Final(ret, &c) == 1 ? 0 : ERR_CRYPTO;
}

int
digest_sha512(const struct bytes *parts, size_t count, uint8_t ret[64])
{
	SHA512_CTX c;

	if (SHA512_Init(&c) != 1)
		return ERR_CRYPTO;
	for (size_t i = 0; i < count; i++)
		if (SHA512_Update(&c, parts[i].p, parts[i].len) != 1)
			return ERR_CRYPTO;
	return SHA512_Final(ret, &c) == 1 ? 0 : ERR_CRYPTO;
}
