#include "tee/statement.h"

#include "base/err.h"
#include "json/writer.h"
#include "base/banned.h"

const char *
statement_mode(const char *platform, int simulated, int development)
{
	if (!simulated)
		return platform;
	return development ? "simulated-dev" : "simulated";
}

int
statement_write(const struct statement *s, struct buffer *ret)
{
	struct json_writer w = json_writer_of(ret);

	if (s->nonce.len < STATEMENT_NONCE_MIN || s->nonce.len > STATEMENT_NONCE_MAX)
		return ERR_RANGE;
	json_object_begin(&w, NULL);
	json_raw(&w, "binaries", (const char *)s->binaries.p, s->binaries.len);
	json_bool_value(&w, "development", s->development);
	json_hex(&w, "instanceKey", s->instance_key, sizeof s->instance_key);
	json_text(&w, "mode", s->mode);
	json_hex(&w, "nonce", s->nonce.p, s->nonce.len);
	json_text(&w, "platform", s->platform);
	json_hex(&w, "rootId", s->root_id, sizeof s->root_id);
	json_raw(&w, "settings", (const char *)s->settings.p, s->settings.len);
	json_null_value(&w, "stateRoot");
	json_u64(&w, "timeUnverified", s->time);
	if (s->tls_key_hash != NULL)
		json_hex(&w, "tlsKeyHash", s->tls_key_hash, 32);
	else
		json_null_value(&w, "tlsKeyHash");
	json_u64(&w, "version", STATEMENT_VERSION);
	json_object_end(&w);
	return ret->err;
}
