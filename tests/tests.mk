# Tests. Unit tests, vectors and fuzz targets link one archive of everything
# that is not a main(); a test that includes a .c file replaces that member.

EVERYTHING := $(BASE) $(CRYPTO_SRC) $(EVM) $(AGENT) $(IPC) $(TDX) $(TEE) $(JSON) $(HTTP) $(STORE) \
	$(CHAIN) $(TRADE) $(SIGNER) $(ATTESTER) $(GATEWAY) $(SUPERVISOR) $(CLI)
TEST_LIBS := -lcmocka -lcurl -levent_openssl -levent -lssl -lcrypto -ljansson -lsqlite3 -lpq \
	-lsecp256k1 -lgmp -lsodium -lseccomp -lpthread

$(B)/san/everything.a: $(call san,$(EVERYTHING)) $(LLHTTP:%=$(B)/san/llhttp/%.o)
	@rm -f $@; ar rcs $@ $^
$(B)/fuzzobj/everything.a: $(call fuzzobj,$(EVERYTHING)) $(LLHTTP:%=$(B)/fuzzobj/llhttp/%.o)
	@rm -f $@; llvm-ar-14 rcs $@ $^
$(B)/obj/everything.a: $(call obj,$(EVERYTHING)) $(LLHTTP:%=$(B)/obj/llhttp/%.o)
	@rm -f $@; ar rcs $@ $^

UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
CTIME := $(patsubst tests/ctime/%.c,$(B)/tests/ctime/%,$(wildcard tests/ctime/ctime_*.c))

$(B)/tests/unit/%: $(B)/san/tests/unit/%.o $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $(UNIT_LDFLAGS_$(notdir $*)) $(B)/san/everything.a $(TEST_LIBS)
$(B)/tests/fuzz/%: $(B)/fuzzobj/tests/fuzz/%.o $(B)/fuzzobj/everything.a
	@mkdir -p $(@D)
	$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(B)/fuzzobj/everything.a \
		$(filter-out -lcmocka,$(TEST_LIBS))
$(B)/tests/ctime/%: $(B)/obj/tests/ctime/%.o $(B)/obj/everything.a
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(B)/obj/everything.a $(TEST_LIBS)
$(B)/tests/vectors: $(call san,$(wildcard tests/vectors/*.c)) $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $(B)/san/everything.a $(TEST_LIBS)

.PRECIOUS: $(B)/san/%.o $(B)/fuzzobj/%.o $(B)/obj/%.o $(B)/san/llhttp/%.o $(B)/fuzzobj/llhttp/%.o $(B)/obj/llhttp/%.o

.PHONY: unit fuzz-build ctime-build
unit: $(UNIT)
fuzz-build: $(FUZZ)
ctime-build: $(CTIME)

# make vectors FIXTURES=DIR: any folder laid out like fixtures/eth
FIXTURES ?= ../shared/fixtures/eth
.PHONY: vectors
vectors: $(B)/tests/vectors
	$(B)/tests/vectors $(FIXTURES)
