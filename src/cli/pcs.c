#include "cli/pcs.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/der.h"
#include "base/banned.h"

#define URI_TAG 0x86 /* [6] IA5String of a GeneralName */

static int
ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

int
pcs_base(const char *url, char ret[PCS_URL_MAX])
{
	static const char *const paths[] = {"/sgx/certification/v4", "/tdx/certification/v4"};
	static const char *const older[] = {"/certification/v3", "/certification/v2"};
	size_t len = strlen(url);

	if (len == 0 || len >= PCS_URL_MAX || strpbrk(url, "?#") != NULL)
		return ERR_RANGE;
	while (len > 0 && url[len - 1] == '/')
		len--;
	for (size_t i = 0; i < ARRAY_LEN(older); i++)
		if (ends_with(url, len, older[i]))
			return ERR_UNSUPPORTED;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (ends_with(url, len, paths[i])) {
			len -= strlen(paths[i]);
			break;
		}
	memcpy(ret, url, len);
	ret[len] = '\0';
	return 0;
}

int
pcs_is_intel(const char *base)
{
	return strcmp(base, PCS_INTEL) == 0;
}

const char *
pcs_ca_name(enum pck_ca ca)
{
	return ca == PCK_CA_PLATFORM ? "platform" : "processor";
}

static int
print_url(const char *base, enum pcs_document document, const struct pck_platform *platform,
	  enum pcs_update update, char *ret)
{
	const char *word = update == PCS_EARLY ? "early" : "standard";
	char fmspc[sizeof platform->fmspc * 2 + 1];

	hex_encode(platform->fmspc, sizeof platform->fmspc, fmspc);
	switch (document) {
	case PCS_PCK_CRL:
		return snprintf(ret, PCS_URL_MAX,
				"%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", base,
				pcs_ca_name(platform->ca));
	case PCS_ROOT_CRL:
		return snprintf(ret, PCS_URL_MAX, "%s/sgx/certification/v4/rootcacrl", base);
	case PCS_TCB_INFO:
		return snprintf(ret, PCS_URL_MAX, "%s/tdx/certification/v4/tcb?fmspc=%s&update=%s",
				base, fmspc, word);
	case PCS_QE_IDENTITY:
		return snprintf(ret, PCS_URL_MAX, "%s/tdx/certification/v4/qe/identity?update=%s",
				base, word);
	}
	return PCS_URL_MAX; /* too long for anybody */
}

int
pcs_url(const char *base, enum pcs_document document, const struct pck_platform *platform,
	enum pcs_update update, char ret[PCS_URL_MAX])
{
	int n = print_url(base, document, platform, update, ret);

	return n < 0 || n >= PCS_URL_MAX ? ERR_SPACE : 0;
}

const char *
pcs_chain_header(enum pcs_document document)
{
	switch (document) {
	case PCS_PCK_CRL:
		return "SGX-PCK-CRL-Issuer-Chain";
	case PCS_ROOT_CRL:
		return NULL;
	case PCS_TCB_INFO:
		return "TCB-Info-Issuer-Chain";
	case PCS_QE_IDENTITY:
		return "SGX-Enclave-Identity-Issuer-Chain";
	}
	return NULL;
}

const char *
pcs_chain_header_v3(enum pcs_document document)
{
	return document == PCS_TCB_INFO ? "SGX-TCB-Info-Issuer-Chain" : NULL;
}

int
pcs_chain_decode(struct bytes value, struct buffer *ret)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.p[i];

		if (c == '%') {
			if (value.len - i < 3 ||
			    hex_decode((const char *)value.p + i + 1, 2, &c, 1) != 0)
				return ERR_PARSE;
			i += 2;
		}
		if ((c < 0x20 || c > 0x7e) && c != '\n')
			return ERR_PARSE;
		buffer_add(ret, &c, 1);
	}
	return ret->err != 0 ? ret->err : ret->len > 0 ? 0 : ERR_PARSE;
}

static struct bytes
trimmed(struct bytes b)
{
	while (b.len > 0 && (b.p[b.len - 1] == '\n' || b.p[b.len - 1] == '\r'))
		b.len--;
	return b;
}

int
pcs_crl_decode(struct bytes body, struct buffer *ret)
{
	struct bytes text = trimmed(body);
	uint8_t byte;

	if (body.len > 0 && body.p[0] == DER_SEQUENCE) {
		buffer_add(ret, body.p, body.len);
		return ret->err;
	}
	if (text.len == 0 || text.len % 2 != 0)
		return ERR_PARSE;
	for (size_t i = 0; i < text.len; i += 2) {
		if (hex_decode((const char *)text.p + i, 2, &byte, 1) != 0)
			return ERR_PARSE;
		buffer_add(ret, &byte, 1);
	}
	return ret->err != 0 ? ret->err : ret->p[0] == DER_SEQUENCE ? 0 : ERR_PARSE;
}

int
pcs_crl_point(struct bytes points, char ret[PCS_URL_MAX])
{
	struct reader r = reader_of(points.p, points.len);
	struct reader list, point, name, full;
	struct bytes uri;

	if (der_enter(&r, DER_SEQUENCE, &list) != 0 ||
	    der_enter(&list, DER_SEQUENCE, &point) != 0 ||
	    der_enter(&point, DER_EXPLICIT_0, &name) != 0 ||
	    der_enter(&name, DER_EXPLICIT_0, &full) != 0 || der_take(&full, URI_TAG, &uri) != 0)
		return ERR_PARSE;
	if (uri.len >= PCS_URL_MAX)
		return ERR_SPACE;
	for (size_t i = 0; i < uri.len; i++)
		if (uri.p[i] <= 0x20 || uri.p[i] > 0x7e)
			return ERR_PARSE;
	memcpy(ret, uri.p, uri.len);
	ret[uri.len] = '\0';
	return 0;
}
