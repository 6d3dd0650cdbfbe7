#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/text.h"
#include "base/banned.h"

static void
bytes_free(struct bytes *b)
{
	free((void *)(uintptr_t)b->p); /* rows are ours: the const is for borrowers */
	*b = (struct bytes){NULL, 0};
}

void
agent_free(struct store_agent *a)
{
	free(a->id);
	a->id = NULL;
	bytes_free(&a->record);
}

void
trade_free(struct store_trade *t)
{
	free(t->agent_id);
	free(t->request);
	free(t->receipt);
	t->agent_id = t->request = t->receipt = NULL;
}

void
step_free(struct store_step *s)
{
	free(s->agent_id);
	free(s->error);
	s->agent_id = s->error = NULL;
	bytes_free(&s->intent);
	bytes_free(&s->raw);
	bytes_free(&s->earlier_hashes);
}

int
row_number(const struct cell *cell, uint64_t *ret)
{
	if (cell->kind != CELL_INTEGER || cell->integer < 0)
		return ERR_DATABASE;
	*ret = (uint64_t)cell->integer;
	return 0;
}

int
row_address(const struct cell *cell, uint8_t ret[20])
{
	if (cell->kind != CELL_BLOB || cell->run.len != 20)
		return ERR_DATABASE;
	memcpy(ret, cell->run.p, 20);
	return 0;
}

/* A row is taken cell by cell; the first failure stays. */
struct taker {
	const struct cell *next;
	int err;
};

static const struct cell *
take(struct taker *t, enum cell_kind kind)
{
	const struct cell *c = t->next++;

	if (t->err != 0)
		return NULL;
	if (c->kind == kind)
		return c;
	t->err = ERR_DATABASE;
	return NULL;
}

static uint64_t
take_number(struct taker *t, uint64_t max)
{
	const struct cell *c = take(t, CELL_INTEGER);
	uint64_t v = 0;

	if (c == NULL)
		return 0;
	if (row_number(c, &v) != 0 || v > max)
		t->err = ERR_DATABASE;
	return t->err == 0 ? v : 0;
}

static void
take_fixed(struct taker *t, uint8_t *ret, size_t n)
{
	const struct cell *c = take(t, CELL_BLOB);

	if (c == NULL)
		return;
	if (c->run.len != n) {
		t->err = ERR_DATABASE;
		return;
	}
	memcpy(ret, c->run.p, n);
}

static int
take_null(struct taker *t)
{
	if (t->next->kind != CELL_NULL)
		return 0;
	t->next++;
	return 1;
}

static void
take_blob(struct taker *t, size_t max, struct bytes *ret)
{
	const struct cell *c = take(t, CELL_BLOB);
	uint8_t *p;

	if (c == NULL)
		return;
	if (c->run.len > max) {
		t->err = ERR_DATABASE;
		return;
	}
	if ((p = malloc(c->run.len + 1)) == NULL) {
		t->err = ERR_MEM;
		return;
	}
	if (c->run.len > 0)
		memcpy(p, c->run.p, c->run.len);
	*ret = (struct bytes){p, c->run.len};
}

static const struct cell *
take_checked_text(struct taker *t, size_t max)
{
	const struct cell *c = take(t, CELL_TEXT);

	if (c != NULL && text_check(c->run.p, c->run.len, max) != 0) {
		t->err = ERR_DATABASE;
		return NULL;
	}
	return c;
}

static void
take_text(struct taker *t, size_t max, char **ret)
{
	const struct cell *c = take_checked_text(t, max);
	char *s;

	if (c == NULL)
		return;
	if ((s = malloc(c->run.len + 1)) == NULL) {
		t->err = ERR_MEM;
		return;
	}
	if (c->run.len > 0)
		memcpy(s, c->run.p, c->run.len);
	s[c->run.len] = '\0';
	*ret = s;
}

/* Into an array of cap bytes; ret is all zero before. */
static void
take_name(struct taker *t, char *ret, size_t cap)
{
	const struct cell *c = take_checked_text(t, cap - 1);

	if (c != NULL && c->run.len > 0)
		memcpy(ret, c->run.p, c->run.len);
}

/* As the journal makes them: they stand in headers and paths. */
static void
take_trade_id(struct taker *t, char ret[STORE_TRADE_ID_MAX])
{
	static const char allowed[] = "_0123456789abcdefghijklmnopqrstuvwxyz";
	char id[STORE_TRADE_ID_MAX] = "";

	take_name(t, id, sizeof id);
	if (id[0] == '\0' || id[strspn(id, allowed)] != '\0') {
		t->err = t->err != 0 ? t->err : ERR_DATABASE;
		return;
	}
	memcpy(ret, id, sizeof id);
}

int
row_agent(const struct cell *cells, struct store_agent *ret)
{
	struct taker t = {cells, 0};
	struct store_agent a = {0};

	take_text(&t, STORE_AGENT_ID_MAX, &a.id);
	take_blob(&t, STORE_RECORD_MAX, &a.record);
	take_fixed(&t, a.mac, sizeof a.mac);
	a.record_version = take_number(&t, STORE_INTEGER_MAX);
	take_fixed(&t, a.key_hash, sizeof a.key_hash);
	take_fixed(&t, a.address, sizeof a.address);
	if ((a.has_index = !take_null(&t)))
		a.index = take_number(&t, STORE_INTEGER_MAX);
	if ((a.has_register_tag = !take_null(&t)))
		take_fixed(&t, a.register_tag, sizeof a.register_tag);
	a.created_at = take_number(&t, STORE_INTEGER_MAX);
	if (t.err != 0) {
		agent_free(&a);
		return t.err;
	}
	*ret = a;
	return 0;
}

int
row_trade(const struct cell *cells, struct store_trade *ret, uint64_t *ret_step_count)
{
	struct taker t = {cells, 0};
	struct store_trade d = {.sequence = 0};
	uint64_t step_count;

	d.sequence = take_number(&t, STORE_INTEGER_MAX);
	take_trade_id(&t, d.id);
	take_text(&t, STORE_AGENT_ID_MAX, &d.agent_id);
	if ((d.has_idempotency = !take_null(&t)))
		take_fixed(&t, d.idempotency_hash, sizeof d.idempotency_hash);
	take_fixed(&t, d.request_hash, sizeof d.request_hash);
	take_name(&t, d.kind, sizeof d.kind);
	take_text(&t, STORE_TEXT_MAX, &d.request);
	take_text(&t, STORE_TEXT_MAX, &d.receipt);
	d.created_at = take_number(&t, STORE_INTEGER_MAX);
	step_count = take_number(&t, STORE_STEPS_MAX);
	if (t.err != 0) {
		trade_free(&d);
		return t.err;
	}
	*ret = d;
	*ret_step_count = step_count;
	return 0;
}

static void
take_step(struct taker *t, struct store_step *s)
{
	take_trade_id(t, s->trade_id);
	s->number = (uint32_t)take_number(t, STORE_STEPS_MAX - 1);
	take_name(t, s->kind, sizeof s->kind);
	take_text(t, STORE_AGENT_ID_MAX, &s->agent_id);
	take_fixed(t, s->wallet, sizeof s->wallet);
	s->chain_id = take_number(t, STORE_INTEGER_MAX);
	s->nonce = take_number(t, STORE_INTEGER_MAX);
	take_blob(t, STORE_INTENT_MAX, &s->intent);
	take_fixed(t, s->intent_mac, sizeof s->intent_mac);
	take_blob(t, STORE_RAW_MAX, &s->raw);
	take_fixed(t, s->tx_hash, sizeof s->tx_hash);
	s->attempt = (uint32_t)take_number(t, STORE_ATTEMPTS_MAX);
	take_blob(t, (size_t)STORE_ATTEMPTS_MAX * 32, &s->earlier_hashes);
	s->state = (uint32_t)take_number(t, STEP_STUCK);
	s->block_number = take_number(t, STORE_INTEGER_MAX);
	take_fixed(t, s->block_hash, sizeof s->block_hash);
	s->gas_used = take_number(t, STORE_INTEGER_MAX);
	if (!take_null(t))
		take_text(t, STORE_ERROR_MAX, &s->error);
	s->updated_at = take_number(t, STORE_INTEGER_MAX);
	if (t->err != 0)
		return;
	if (s->state < STEP_SIGNED || s->earlier_hashes.len != 32 * (size_t)s->attempt)
		t->err = ERR_DATABASE;
}

int
row_step(const struct cell *cells, struct store_step *ret, uint64_t *ret_sequence)
{
	struct taker t = {cells, 0};
	struct store_step s = {.number = 0};
	uint64_t sequence = take_number(&t, STORE_INTEGER_MAX);

	take_step(&t, &s);
	if (t.err != 0) {
		step_free(&s);
		return t.err;
	}
	*ret = s;
	*ret_sequence = sequence;
	return 0;
}

/* The columns of a step's row that name it. */
enum { STEP_SEQUENCE = 0, STEP_TRADE_ID = 1, STEP_WALLET = 5 };

int
row_step_rest(const struct cell *cells, struct store_step *ret, uint64_t *ret_sequence)
{
	struct taker name = {&cells[STEP_TRADE_ID], 0};
	struct store_step s = {.state = STEP_UNREADABLE};

	if (row_number(&cells[STEP_SEQUENCE], ret_sequence) != 0)
		return ERR_DATABASE;
	take_trade_id(&name, s.trade_id);
	if (row_address(&cells[STEP_WALLET], s.wallet) != 0)
		memset(s.wallet, 0, sizeof s.wallet);
	*ret = s;
	return 0;
}
