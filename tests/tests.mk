# Tests. Unit tests, vectors and fuzz targets link one archive of everything
# that is not a main(); a test that includes a .c file replaces that member.

EVERYTHING := $(BASE) $(CRYPTO_SRC) $(EVM) $(AGENT) $(IPC) $(TDX) $(EVIDENCE) $(TEE) $(JSON) $(HTTP) \
	$(STORE) $(CHAIN) $(TRADE) $(SIGNER) $(ATTESTER) $(ROOTSOURCE) $(GATEWAY) $(SUPERVISOR) \
	$(CLI) $(LIBRARY)
TEST_LIBS := -lcmocka -lcurl -levent_openssl -levent -lssl -lcrypto -ljansson -lsqlite3 -lpq \
	-lsecp256k1 -lgmp -lsodium -lseccomp -lpthread

$(B)/san/everything.a: $(call san,$(EVERYTHING)) $(LLHTTP:%=$(B)/san/llhttp/%.o)
	@rm -f $@; ar rcs $@ $^
$(B)/fuzzobj/everything.a: $(call fuzzobj,$(EVERYTHING)) $(LLHTTP:%=$(B)/fuzzobj/llhttp/%.o)
	@rm -f $@; llvm-ar-14 rcs $@ $^
$(B)/obj/everything.a: $(call obj,$(EVERYTHING)) $(LLHTTP:%=$(B)/obj/llhttp/%.o)
	@rm -f $@; ar rcs $@ $^

# what tests share: tests include it as "support/..."
SUPPORT := $(wildcard tests/support/*.c)
$(B)/san/support.a: $(call san,$(SUPPORT))
	@rm -f $@; ar rcs $@ $^
$(B)/fuzzobj/support.a: $(call fuzzobj,$(SUPPORT))
	@rm -f $@; llvm-ar-14 rcs $@ $^

UNIT_LDFLAGS_test_quote_api := -Wl,--wrap=malloc,--wrap=calloc
# make unprotected: a signer that wipes nothing and may be traced, and what runs beside it. The
# scan for secrets proves itself on it; it is never installed, and runs under --dev only.
UNPROTECTED := $(B)/unprotected/bin
$(B)/unprotected/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(HARDEN) -DSELFSAME_UNPROTECTED $(DEPS) -c $< -o $@
$(UNPROTECTED)/selfsame-signer: $(patsubst %.c,$(B)/unprotected/obj/%.o,$(BASE) $(CRYPTO_SRC) \
	$(EVM) $(AGENT) $(IPC) $(SIGNER) src/signer/main.c)
	$(LINK_STATIC) $(SECP) $(SODIUM) $(SECCOMP)
$(UNPROTECTED)/%: $(B)/bin/%
	@mkdir -p $(@D)
	@cp $< $@
.PHONY: unprotected
unprotected: $(PROGRAMS:%=$(UNPROTECTED)/%)

UNIT_LDFLAGS_test_keccak256 := -lnettle
UNIT_LDFLAGS_test_serve_agents := -Wl,--wrap=clock_gettime
UNIT_LDFLAGS_test_serve_sign := -Wl,--wrap=clock_gettime
UNIT_LDFLAGS_test_serve_model := -Wl,--wrap=clock_gettime
UNIT_LDFLAGS_test_engine := -Wl,--wrap=clock_gettime
UNIT_LDFLAGS_test_watch := -Wl,--wrap=clock_gettime
UNIT_LDFLAGS_test_cache := -Wl,--wrap=p256_check
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
CTIME := $(patsubst tests/ctime/%.c,$(B)/tests/ctime/%,$(wildcard tests/ctime/ctime_*.c))

$(B)/tests/unit/%: $(B)/san/tests/unit/%.o $(B)/san/support.a $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $(UNIT_LDFLAGS_$(notdir $*)) $(filter %.a,$^) $(TEST_LIBS)
# runs the release's signer, and the unprotected one
$(B)/tests/unit/signer/test_process: $(B)/bin/selfsame-signer $(UNPROTECTED)/selfsame-signer
# the release's objects and the static libraries of the signer: what they leave on the stack
$(B)/tests/unit/crypto/test_wipe: $(B)/obj/tests/unit/crypto/test_wipe.o $(call obj,$(BASE) $(CRYPTO_SRC))
	@mkdir -p $(@D)
	$(CC) -pie $(LDHARDEN) -o $@ $(filter %.o,$^) -lcmocka -Wl,-Bstatic $(SECP) $(SODIUM) \
		-Wl,-Bdynamic -lpthread
# what plays a platform is linked where it is asked for
$(B)/tests/unit/tee/test_tsm: $(B)/san/tests/fakes/fake_tsm.o
$(addprefix $(B)/tests/unit/tee/test_,unix_http dstack eigencompute): $(B)/san/tests/fakes/fake_agent.o
$(B)/san/tests/fakes/%.o: STD += -Itests
$(B)/san/tests/unit/tee/%.o $(B)/san/tests/unit/rootsource/%.o: STD += -Itests
$(B)/tests/unit/rootsource/test_root: $(B)/san/tests/fakes/fake_agent.o
# verifies too often for the sanitizers
$(B)/tests/unit/tdx/test_mutation: $(call obj,tests/unit/tdx/test_mutation.c $(SUPPORT)) $(B)/obj/everything.a
	@mkdir -p $(@D)
	$(CC) -pie $(LDHARDEN) -o $@ $^ $(TEST_LIBS)
$(B)/tests/unit/trade/test_engine $(B)/tests/unit/trade/test_watch: $(B)/san/tests/unit/trade/world.o
$(B)/tests/fuzz/fuzz_platform_answers: $(B)/fuzzobj/tests/fakes/fake_agent.o
$(B)/fuzzobj/tests/fuzz/fuzz_platform_answers.o $(B)/fuzzobj/tests/fakes/%.o: STD += -Itests
$(B)/tests/fuzz/%: $(B)/fuzzobj/tests/fuzz/%.o $(B)/fuzzobj/support.a $(B)/fuzzobj/everything.a
	@mkdir -p $(@D)
	$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(filter-out -lcmocka,$(TEST_LIBS))
SCENARIO_PROGRAMS := $(B)/tests/scenarios/write
$(B)/tests/scenarios/%: $(B)/san/tests/scenarios/%.o $(B)/san/support.a $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(TEST_LIBS)
# what is shipped for the simulated platform, anew: the tests compare it with what the code makes
.PHONY: simulated
simulated: $(SCENARIO_PROGRAMS)
	$(B)/tests/scenarios/write collateral > deploy/simulated-collateral.json
# the release's flags, with what is public by design marked for valgrind (crypto/declassify.h)
$(B)/ctimeobj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(HARDEN) -DSELFSAME_CTIME $(DEPS) -c $< -o $@
$(B)/tests/ctime/%: $(B)/ctimeobj/tests/ctime/%.o $(patsubst %.c,$(B)/ctimeobj/%.o,$(BASE) $(CRYPTO_SRC) $(EVM) $(AGENT))
	@mkdir -p $(@D)
	$(CC) -pie $(LDHARDEN) -o $@ $^ $(SECP) $(SODIUM)
SANDBOX_PROGRAMS := $(B)/tests/sandbox/probe
# the release's objects: sanitizers need calls that the filters refuse
$(B)/tests/sandbox/%: $(B)/obj/tests/sandbox/%.o $(call obj,$(BASE) $(IPC))
	@mkdir -p $(@D)
	$(CC) -pie $(LDHARDEN) -o $@ $^ $(SECCOMP) -lpthread
# what the fakes of tests/fakes need: quotes of the simulated TEE
FAKE_PROGRAMS := $(B)/tests/fakes/quote $(B)/tests/fakes/selfsame-attester
SIMULATED := src/tee/simulated_pki.c src/tee/simulated_quote.c src/tee/der_writer.c src/tee/p256_sign.c \
	src/tee/pck_extension.c src/tee/x509_writer.c
$(B)/tests/fakes/quote: $(call obj,tests/fakes/quote.c $(BASE) $(TDX) $(JSON_PLAIN) $(JSON_NEEDS) $(HASH) $(SIMULATED))
	@mkdir -p $(@D)
	$(CC) -pie $(LDHARDEN) -o $@ $^ -ljansson $(CRYPTO) $(SODIUM)
# the release's attester on a kernel with configfs-tsm that is played
$(B)/obj/tests/fakes/%.o: STD += -Itests
$(B)/tests/fakes/selfsame-attester: $(call obj,$(ATTESTER_SOURCES) tests/fakes/fake_tsm.c tests/fakes/tsm_attester.c)
	@mkdir -p $(@D)
	$(CC) -static-pie $(LDHARDEN) -Wl,--wrap=tee_io_system -o $@ $^ -ljansson $(CRYPTO) $(SODIUM) $(SECCOMP) $(ONLY_ERRORS)
PROCESS_PROGRAMS := $(B)/tests/processes/child
$(B)/tests/processes/%: $(B)/obj/tests/processes/%.o $(call obj,$(BASE) $(IPC))
	@mkdir -p $(@D)
	$(CC) -static-pie $(LDHARDEN) -o $@ $^ $(SECCOMP)
# what tests/conformance/ asks of the library besides the command
CONFORMANCE_PROGRAMS := $(addprefix $(B)/tests/conformance/,dstack_eval eigen_eval)
$(B)/tests/conformance/%: $(B)/san/tests/conformance/%.o $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $(B)/san/everything.a $(TEST_LIBS)
$(B)/tests/vectors: $(call san,$(wildcard tests/vectors/*.c)) $(B)/san/everything.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $(B)/san/everything.a $(TEST_LIBS)

.PRECIOUS: $(B)/ctimeobj/%.o $(B)/san/%.o $(B)/fuzzobj/%.o $(B)/obj/%.o $(B)/san/llhttp/%.o $(B)/fuzzobj/llhttp/%.o $(B)/obj/llhttp/%.o

.PHONY: unit fuzz-build ctime-build
unit: $(UNIT)
fuzz-build: $(FUZZ)
ctime-build: $(CTIME)

# make vectors FIXTURES=DIR: any folder laid out like fixtures/eth
.PHONY: vectors
vectors: $(B)/tests/vectors
	$(B)/tests/vectors $(or $(FIXTURES),../shared/fixtures/eth)

# make conformance FIXTURES=DIR: recorded evidence, any folder laid out like fixtures/{tdx,dstack,eigen}
.PHONY: conformance
conformance: $(B)/bin/selfsame $(CONFORMANCE_PROGRAMS)
	$(firstword $(wildcard build/venv/bin/python) python3) tests/conformance/run $(if $(FIXTURES),"$(FIXTURES)")

# what make test runs, built
.PHONY: test-programs fuzz soak
test-programs: $(UNIT) $(FUZZ) $(CTIME) $(B)/tests/vectors $(SANDBOX_PROGRAMS) $(PROCESS_PROGRAMS) $(FAKE_PROGRAMS) \
	$(SCENARIO_PROGRAMS) $(CONFORMANCE_PROGRAMS) unprotected

# make fuzz: each target for FUZZ_SECONDS (default 10 minutes), or for FUZZ_RUNS executions;
# FUZZ_TARGETS="quote crl" takes these only. The corpus grows in build/fuzz-corpus.
fuzz: bootstrap
	@$(MAKE) --no-print-directory -s -j$(JOBS) fuzz-build
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/run fuzz

# make soak: the crash test with CRASH_KILLS kills (default 200)
soak: bootstrap
	@$(MAKE) --no-print-directory -s -j$(JOBS) programs
	@CRASH_KILLS=$${CRASH_KILLS:-200} build/venv/bin/python -m pytest -q -s -p no:cacheprovider \
		tests/e2e/test_crash.py
