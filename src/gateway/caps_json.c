#include "gateway/caps_json.h"

#include "base/err.h"
#include "gateway/policy_json.h"
#include "base/banned.h"

#define WINDOW_SECONDS 86400 /* of every cap; signer/spend.h */
#define ENTRY 36 /* of caps->tokens: amount, seconds */

static void
write_left(struct json_writer *w, const struct u256 *per_day, unsigned decimals,
    const uint8_t available32[32], uint32_t seconds)
{
	const struct u256 available = u256_from_be32(available32);

	json_decimal(w, "perDay", per_day, decimals);
	json_decimal(w, "available", &available, decimals);
	json_u64(w, "fullInSeconds", seconds);
}

int
caps_json_write(struct json_writer *w, const char *name, const struct trade_options *options,
    const struct policy *policy, const struct msg_caps *caps)
{
	if (caps->tokens.len != (size_t)policy->token_count * ENTRY)
		return ERR_PROTOCOL;
	json_object_begin(w, name);
	json_u64(w, "windowSeconds", WINDOW_SECONDS);
	json_object_begin(w, "native");
	write_left(w, &policy->native_per_day, NATIVE_DECIMALS, caps->native,
	    caps->native_seconds);
	json_object_end(w);
	json_array_begin(w, "tokens");
	for (size_t i = 0; i < policy->token_count; i++) {
		const uint8_t *entry = caps->tokens.p + i * ENTRY;
		unsigned decimals;

		json_object_begin(w, NULL);
		decimals = policy_json_token(w, options, policy->tokens[i].token);
		write_left(w, &policy->tokens[i].per_day, decimals, entry, load_be32(entry + 32));
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
	return 0;
}
