#include "evm/transaction.h"

#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "evm/rlp.h"
#include "base/banned.h"

/* Yellow paper, EIP-2028, EIP-2930, EIP-3860. */
#define GAS_TRANSACTION 21000
#define GAS_ZERO_BYTE 4
#define GAS_BYTE 16
#define GAS_ADDRESS 2400
#define GAS_STORAGE_KEY 1900
#define GAS_CREATE 32000
#define GAS_INIT_CODE_WORD 2
#define INIT_CODE_MAX 49152

#define FIELDS_MAX (3 * 9 + 3 * 33 + 21 + 9 + RLP_HEADER_MAX)
#define TAIL_MAX (1 + 3 * 33)

/* The order of secp256k1, and half of it. */
static const struct u256 ORDER = {{0xbfd25e8cd0364141U, 0xbaaedce6af48a03bU, 0xfffffffffffffffeU,
    0xffffffffffffffffU}};
static const struct u256 HALF_ORDER = {{0xdfe92f46681b20a0U, 0x5d576e7357a4501dU,
    0xffffffffffffffffU, 0x7fffffffffffffffU}};

/* A transaction's bytes in five runs, so that data need not be copied to be hashed. */
struct pieces {
	uint8_t head[1 + RLP_HEADER_MAX];
	uint8_t fields[FIELDS_MAX];
	uint8_t tail[TAIL_MAX];
	struct bytes run[5];
};

/* EIP-2930: [[address, [storage key, ...]], ...] */
static int
access_list_count(struct bytes encoded, uint64_t *ret_addresses, uint64_t *ret_keys)
{
	struct reader r = reader_of(encoded.p, encoded.len), list, entry, keys;
	uint64_t addresses = 0, count = 0;
	uint8_t address[20], key[32];

	if (encoded.len > 0 && (rlp_read_list(&r, &list) != 0 || r.left != 0))
		return ERR_PARSE;
	while (encoded.len > 0 && list.left > 0) {
		if (rlp_read_list(&list, &entry) != 0 ||
		    rlp_read_exact(&entry, sizeof address, address) != 0 ||
		    rlp_read_list(&entry, &keys) != 0 || entry.left != 0)
			return ERR_PARSE;
		addresses++;
		for (; keys.left > 0; count++) {
			if (rlp_read_exact(&keys, sizeof key, key) != 0)
				return ERR_PARSE;
		}
	}
	*ret_addresses = addresses;
	*ret_keys = count;
	return 0;
}

static int
access_list_check(struct bytes encoded)
{
	uint64_t addresses, keys;

	return access_list_count(encoded, &addresses, &keys);
}

/* The fields that the type does not have must be empty: they would not be signed. */
static int
shape_check(const struct tx *tx)
{
	if (tx->type > TX_DYNAMIC_FEE)
		return ERR_UNSUPPORTED;
	if (tx->type != TX_DYNAMIC_FEE && !u256_is_zero(&tx->max_priority_fee))
		return ERR_PARSE;
	if (tx->type == TX_LEGACY && tx->access_list.len > 0)
		return ERR_PARSE;
	return access_list_check(tx->access_list);
}

static int
range_check(const struct tx *tx)
{
	int r;

	if ((r = shape_check(tx)) != 0)
		return r;
	if (tx->nonce == UINT64_MAX) /* EIP-2681 */
		return ERR_RANGE;
	if (u256_compare(&tx->max_priority_fee, &tx->max_fee_per_gas) > 0)
		return ERR_RANGE;
	return 0;
}

static int
signature_check(const struct tx_signature *signature)
{
	struct u256 r = u256_from_be32(signature->r), s = u256_from_be32(signature->s);

	if (u256_is_zero(&r) || u256_compare(&r, &ORDER) >= 0)
		return ERR_RANGE;
	if (u256_is_zero(&s) || u256_compare(&s, &HALF_ORDER) > 0)
		return ERR_RANGE;
	return signature->y_parity <= 1 ? 0 : ERR_RANGE;
}

void
tx_write_fields(struct writer *w, const struct tx *tx)
{
	write_u8(w, tx->type);
	write_be64(w, tx->chain_id);
	write_be64(w, tx->nonce);
	write_be64(w, tx->gas_limit);
	write_u256(w, &tx->max_fee_per_gas);
	write_u256(w, &tx->max_priority_fee);
	write_u8(w, tx->has_to);
	write_bytes(w, tx->to, sizeof tx->to);
	write_u256(w, &tx->value);
	write_lp(w, tx->data.p, tx->data.len);
	write_lp(w, tx->access_list.p, tx->access_list.len);
}

static int
read_fixed_fields(struct reader *r, struct tx *ret)
{
	static const uint8_t no_address[20];

	if (read_u8(r, &ret->type) != 0 || read_be64(r, &ret->chain_id) != 0 ||
	    read_be64(r, &ret->nonce) != 0 || read_be64(r, &ret->gas_limit) != 0 ||
	    read_u256(r, &ret->max_fee_per_gas) != 0 || read_u256(r, &ret->max_priority_fee) != 0 ||
	    read_u8(r, &ret->has_to) != 0 || read_copy(r, sizeof ret->to, ret->to) != 0 ||
	    read_u256(r, &ret->value) != 0)
		return ERR_PARSE;
	if (ret->has_to > 1)
		return ERR_PARSE;
	if (!ret->has_to && memcmp(ret->to, no_address, sizeof no_address) != 0)
		return ERR_PARSE;
	return 0;
}

int
tx_read_fields(struct reader *r, struct tx *ret)
{
	struct reader at = *r;
	struct tx tx;
	int e;

	if ((e = read_fixed_fields(&at, &tx)) != 0)
		return e;
	if ((e = read_lp(&at, TX_DATA_MAX, &tx.data)) != 0)
		return e;
	if ((e = read_lp(&at, TX_ACCESS_LIST_MAX, &tx.access_list)) != 0)
		return e;
	if (tx.access_list.len == 1) /* the empty list is the empty run */
		return ERR_PARSE;
	if ((e = shape_check(&tx)) != 0)
		return e;
	*r = at;
	*ret = tx;
	return 0;
}

/* Everything up to the header of data. */
static void
write_front(struct writer *w, const struct tx *tx)
{
	if (tx->type != TX_LEGACY)
		rlp_write_u64(w, tx->chain_id);
	rlp_write_u64(w, tx->nonce);
	if (tx->type == TX_DYNAMIC_FEE)
		rlp_write_u256(w, &tx->max_priority_fee);
	rlp_write_u256(w, &tx->max_fee_per_gas);
	rlp_write_u64(w, tx->gas_limit);
	rlp_write_string(w, tx->to, tx->has_to ? sizeof tx->to : 0);
	rlp_write_u256(w, &tx->value);
	rlp_write_string_header(w, tx->data.p, tx->data.len);
}

/* EIP-155: v = chain_id * 2 + 35 + parity; above 64 bits for the largest chain ids. */
static void
write_legacy_v(struct writer *w, uint64_t chain_id, uint8_t y_parity)
{
	struct u256 v = u256_of(chain_id), plus = u256_of(35 + (uint64_t)y_parity);

	/* cannot overflow: chain_id has 64 bits */
	if (u256_mul_u64(&v, 2, &v) == 0 && u256_add(&v, &plus, &v) == 0)
		rlp_write_u256(w, &v);
}

static void
write_rs(struct writer *w, const struct tx_signature *signature)
{
	struct u256 r = u256_from_be32(signature->r), s = u256_from_be32(signature->s);

	rlp_write_u256(w, &r);
	rlp_write_u256(w, &s);
}

/* Everything behind data and access list; signature is NULL for the bytes to sign. */
static void
write_tail(struct writer *w, const struct tx *tx, const struct tx_signature *signature)
{
	if (tx->type == TX_LEGACY && signature == NULL) {
		if (tx->chain_id == 0) /* before EIP-155; only tx_recovery_hash() comes here */
			return;
		rlp_write_u64(w, tx->chain_id);
		rlp_write_u64(w, 0);
		rlp_write_u64(w, 0);
		return;
	}
	if (tx->type != TX_LEGACY && tx->access_list.len == 0)
		rlp_write_list(w, 0);
	if (signature == NULL)
		return;
	if (tx->type == TX_LEGACY)
		write_legacy_v(w, tx->chain_id, signature->y_parity);
	else
		rlp_write_u64(w, signature->y_parity);
	write_rs(w, signature);
}

static int
pieces_make(const struct tx *tx, const struct tx_signature *signature, struct pieces *ret)
{
	struct writer head = writer_of(ret->head, sizeof ret->head);
	struct writer fields = writer_of(ret->fields, sizeof ret->fields);
	struct writer tail = writer_of(ret->tail, sizeof ret->tail);
	size_t payload;

	write_front(&fields, tx);
	write_tail(&tail, tx, signature);
	payload = fields.len + tail.len;
	if (__builtin_add_overflow(payload, tx->data.len, &payload) ||
	    __builtin_add_overflow(payload, tx->access_list.len, &payload))
		return ERR_SPACE;
	if (tx->type != TX_LEGACY)
		write_u8(&head, tx->type);
	rlp_write_list(&head, payload);
	if (head.err != 0 || fields.err != 0 || tail.err != 0)
		return ERR_SPACE;
	ret->run[0] = (struct bytes){ret->head, head.len};
	ret->run[1] = (struct bytes){ret->fields, fields.len};
	ret->run[2] = tx->data;
	ret->run[3] = tx->access_list;
	ret->run[4] = (struct bytes){ret->tail, tail.len};
	return 0;
}

static int
pieces_join(const struct pieces *pieces, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);

	for (size_t i = 0; i < ARRAY_LEN(pieces->run); i++)
		write_bytes(&w, pieces->run[i].p, pieces->run[i].len);
	return writer_end(&w, ret_len);
}

static int
sign_check(const struct tx *tx)
{
	int r;

	if ((r = range_check(tx)) != 0)
		return r;
	return tx->type == TX_LEGACY && tx->chain_id == 0 ? ERR_RANGE : 0;
}

int
tx_encode_unsigned(const struct tx *tx, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct pieces pieces;
	int r;

	if ((r = sign_check(tx)) != 0 || (r = pieces_make(tx, NULL, &pieces)) != 0)
		return r;
	return pieces_join(&pieces, ret, cap, ret_len);
}

int
tx_encode_signed(const struct tx *tx, const struct tx_signature *signature, uint8_t *ret,
    size_t cap, size_t *ret_len)
{
	struct pieces pieces;
	int r;

	if ((r = sign_check(tx)) != 0 || (r = signature_check(signature)) != 0)
		return r;
	if ((r = pieces_make(tx, signature, &pieces)) != 0)
		return r;
	return pieces_join(&pieces, ret, cap, ret_len);
}

static int
unsigned_hash(const struct tx *tx, uint8_t ret_hash32[32])
{
	struct pieces pieces;
	struct keccak256 k;
	int r;

	if ((r = pieces_make(tx, NULL, &pieces)) != 0)
		return r;
	keccak256_init(&k);
	for (size_t i = 0; i < ARRAY_LEN(pieces.run); i++)
		keccak256_update(&k, pieces.run[i].p, pieces.run[i].len);
	keccak256_final(&k, ret_hash32);
	return 0;
}

int
tx_signing_hash(const struct tx *tx, uint8_t ret_hash32[32])
{
	int r;

	if ((r = sign_check(tx)) != 0)
		return r;
	return unsigned_hash(tx, ret_hash32);
}

int
tx_recovery_hash(const struct tx *tx, uint8_t ret_hash32[32])
{
	int r;

	if ((r = range_check(tx)) != 0)
		return r;
	return unsigned_hash(tx, ret_hash32);
}

static int
read_to(struct reader *r, struct tx *tx)
{
	struct bytes to;

	if (rlp_read_string(r, &to) != 0 || (to.len != 0 && to.len != sizeof tx->to))
		return ERR_PARSE;
	tx->has_to = to.len != 0;
	if (tx->has_to)
		memcpy(tx->to, to.p, sizeof tx->to);
	return 0;
}

/* The same order as write_front(). */
static int
read_front(struct reader *r, struct tx *tx)
{
	int e;

	if (tx->type != TX_LEGACY && (e = rlp_read_u64(r, &tx->chain_id)) != 0)
		return e;
	if ((e = rlp_read_u64(r, &tx->nonce)) != 0)
		return e;
	if (tx->type == TX_DYNAMIC_FEE && (e = rlp_read_u256(r, &tx->max_priority_fee)) != 0)
		return e;
	if ((e = rlp_read_u256(r, &tx->max_fee_per_gas)) != 0 ||
	    (e = rlp_read_u64(r, &tx->gas_limit)) != 0 || (e = read_to(r, tx)) != 0 ||
	    (e = rlp_read_u256(r, &tx->value)) != 0)
		return e;
	return rlp_read_string(r, &tx->data);
}

static int
read_access_list(struct reader *r, struct tx *tx)
{
	struct reader at = *r;
	struct rlp_item item;

	if (rlp_read(r, &item) != 0 || !item.is_list)
		return ERR_PARSE;
	if (item.payload.len > 0)
		tx->access_list = (struct bytes){at.p, at.left - r->left};
	return access_list_check(tx->access_list);
}

/* 27 + parity without a chain id, or 35 + 2 chain_id + parity. */
static int
read_legacy_v(struct reader *r, struct tx *tx, uint8_t *ret_parity)
{
	struct u256 v, base = u256_of(35);
	uint64_t parity;
	int e;

	if ((e = rlp_read_u256(r, &v)) != 0)
		return e;
	if (u256_to_u64(&v, &parity) == 0 && (parity == 27 || parity == 28)) {
		*ret_parity = (uint8_t)(parity - 27);
		return 0;
	}
	if (u256_sub(&v, &base, &v) != 0 || u256_div_u64(&v, 2, &v, &parity) != 0 ||
	    u256_to_u64(&v, &tx->chain_id) != 0 || tx->chain_id == 0)
		return ERR_RANGE;
	*ret_parity = (uint8_t)parity;
	return 0;
}

static int
read_signature(struct reader *r, struct tx *tx, struct tx_signature *ret)
{
	struct u256 rr, ss;
	uint64_t parity;
	int e;

	if (tx->type == TX_LEGACY) {
		if ((e = read_legacy_v(r, tx, &ret->y_parity)) != 0)
			return e;
	} else {
		if ((e = rlp_read_u64(r, &parity)) != 0)
			return e;
		if (parity > 1)
			return ERR_RANGE;
		ret->y_parity = (uint8_t)parity;
	}
	if ((e = rlp_read_u256(r, &rr)) != 0 || (e = rlp_read_u256(r, &ss)) != 0)
		return e;
	u256_to_be32(&rr, ret->r);
	u256_to_be32(&ss, ret->s);
	return signature_check(ret);
}

/* EIP-2718: a list is a legacy transaction, a byte below 0x80 is a type. */
static int
read_type(struct reader *r, uint8_t *ret)
{
	uint8_t first;

	if (r->left == 0)
		return ERR_PARSE;
	*ret = TX_LEGACY;
	if (r->p[0] >= 0xc0)
		return 0;
	if (read_u8(r, &first) != 0 || first >= 0x80 || first == 0)
		return ERR_PARSE;
	*ret = first;
	return first > TX_DYNAMIC_FEE ? ERR_UNSUPPORTED : 0;
}

int
tx_decode_signed(const uint8_t *raw, size_t len, struct tx *ret,
    struct tx_signature *ret_signature)
{
	struct reader r = reader_of(raw, len), list;
	struct tx_signature signature = {0};
	struct tx tx = {0};
	int e;

	if ((e = read_type(&r, &tx.type)) != 0)
		return e;
	if (rlp_read_list(&r, &list) != 0 || r.left != 0)
		return ERR_PARSE;
	if ((e = read_front(&list, &tx)) != 0)
		return e;
	if (tx.type != TX_LEGACY && (e = read_access_list(&list, &tx)) != 0)
		return e;
	if ((e = read_signature(&list, &tx, &signature)) != 0)
		return e;
	if (list.left != 0)
		return ERR_PARSE;
	if ((e = range_check(&tx)) != 0)
		return e;
	*ret = tx;
	*ret_signature = signature;
	return 0;
}

int
tx_intrinsic_gas(const struct tx *tx, uint64_t *ret)
{
	uint64_t addresses, keys, gas = GAS_TRANSACTION;
	int r;

	if ((r = access_list_count(tx->access_list, &addresses, &keys)) != 0)
		return r;
	/* no overflow: every unit counted here stands in memory */
	for (size_t i = 0; i < tx->data.len; i++)
		gas += tx->data.p[i] == 0 ? GAS_ZERO_BYTE : GAS_BYTE;
	gas += addresses * GAS_ADDRESS + keys * GAS_STORAGE_KEY;
	if (!tx->has_to)
		gas += GAS_CREATE + GAS_INIT_CODE_WORD * (((uint64_t)tx->data.len + 31) / 32);
	*ret = gas;
	return 0;
}

int
tx_check_gas(const struct tx *tx)
{
	struct u256 total;
	uint64_t gas;
	int r;

	if ((r = tx_intrinsic_gas(tx, &gas)) != 0)
		return r;
	if (tx->gas_limit < gas)
		return ERR_RANGE;
	if (!tx->has_to && tx->data.len > INIT_CODE_MAX)
		return ERR_RANGE;
	if (u256_mul_u64(&tx->max_fee_per_gas, tx->gas_limit, &total) != 0)
		return ERR_RANGE;
	return 0;
}
