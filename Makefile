# make: everything under build/, programs in build/bin/. `make help` lists the rest.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

B := build
CC := gcc
CLANG := clang-14
PKG := pkg-config

# OPENSSL_API_COMPAT is not set: what 3.0 deprecates we use in one marked place.
STD := -std=c11 -D_GNU_SOURCE -Isrc -Iinclude
WARN := -Wall -Wextra -Werror -pedantic-errors -Wconversion -Wshadow -Wvla -Walloca -Wundef \
	-Wswitch-enum -Wnull-dereference -Wformat=2 -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough
HARDEN := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
	-fno-common -ffile-prefix-map=$(CURDIR)=. -fPIE
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
DEPS = -MMD -MP
LDHARDEN := -Wl,-z,relro,-z,now,-z,noexecstack

.PHONY: all
all: programs

# --- libraries of the system -------------------------------------------------
SECP := -lsecp256k1 -lgmp
SODIUM := -lsodium
SECCOMP := -lseccomp
CRYPTO := -lcrypto
LLHTTP_CFLAGS := -I/usr/share/include -I/usr/share/include/llhttp
PQ_CFLAGS = $(shell $(PKG) --cflags libpq)

# --- sources by folder -------------------------------------------------------
src = $(wildcard src/$(1)/*.c)
BASE := $(call src,base)
CRYPTO_SRC := $(call src,crypto)
HASH := src/crypto/keccak256.c src/crypto/kdf.c # all that the processes without keys need of crypto/
SECP_VERIFY := src/crypto/secp_verify.c # and what a verifier needs besides
EVM := $(call src,evm)
AGENT := $(call src,agent)
IPC := $(call src,ipc)
TDX := $(call src,tdx)
EVIDENCE := $(call src,evidence)
KMS_LIST := src/evidence/kms_addresses.c
CHALLENGE := src/evidence/challenge.c # all that the attester needs of evidence/
TEE := $(call src,tee)
JSON := $(call src,json)
HTTP := $(call src,http)
STORE := $(call src,store)
CHAIN := $(call src,chain)
TRADE := $(call src,trade)
main_less = $(filter-out %/main.c,$(call src,$(1)))
SIGNER := $(call main_less,signer)
ATTESTER := $(call main_less,attester)
ROOTSOURCE := $(call main_less,rootsource)
GATEWAY := $(call main_less,gateway) $(B)/gen/openapi.c
SUPERVISOR := $(call main_less,supervisor)
CLI := $(call main_less,cli)
LIBRARY := $(call src,library)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
san = $(patsubst %.c,$(B)/san/%.o,$(1))
fuzzobj = $(patsubst %.c,$(B)/fuzzobj/%.o,$(1))
LLHTTP := api http llhttp

# docs/openapi.yaml is served by the gateway: as bytes, since C limits the length of literals
$(B)/gen/openapi.c: docs/openapi.yaml
	@mkdir -p $(@D)
	@{ echo '#include "gateway/openapi.h"'; echo 'const uint8_t openapi_text[] = {'; \
	od -An -v -tu1 $< | sed 's/ *\([0-9][0-9]*\)/\1,/g'; \
	echo '};'; echo 'const size_t openapi_text_len = sizeof openapi_text;'; } > $@

# the object files of llhttp come from Debian's package, never from this tree
$(B)/obj/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -fPIE -w $(LLHTTP_CFLAGS) -c $< -o $@
$(B)/san/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -w $(LLHTTP_CFLAGS) -c $< -o $@
$(B)/fuzzobj/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(CLANG) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -w $(LLHTTP_CFLAGS) -c $< -o $@

EXTRA_CFLAGS = $(if $(findstring src/http/,$<)$(findstring test_http,$<)$(findstring fuzz_http,$<),$(LLHTTP_CFLAGS)) \
	$(if $(findstring src/store/,$<)$(findstring test_store,$<),$(PQ_CFLAGS)) \
	$(if $(filter tests/%,$<),-Itests)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(HARDEN) $(DEPS) $(EXTRA_CFLAGS) -c $< -o $@
$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -Wno-null-dereference $(SANITIZE) $(DEPS) $(EXTRA_CFLAGS) -c $< -o $@
$(B)/fuzzobj/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(STD) -Wall -Wextra -Werror -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=all $(DEPS) $(EXTRA_CFLAGS) -c $< -o $@

# --- programs ----------------------------------------------------------------
PROGRAMS := selfsamed selfsame-signer selfsame-attester selfsame-gateway selfsame-rootsource selfsame
LINK_STATIC = @mkdir -p $(@D); $(CC) -static-pie $(LDHARDEN) -o $@ $(filter %.o,$^)
LINK_DYNAMIC = @mkdir -p $(@D); $(CC) -pie $(LDHARDEN) -o $@ $(filter %.o,$^)

GATEWAY_LIBS = -lcurl -levent_openssl -levent -lssl -lcrypto -ljansson -lsqlite3 -lpq -lsodium -lseccomp -lpthread
CLI_LIBS = -lcurl -ljansson -lsodium -lcrypto -lsecp256k1

.PHONY: programs
programs: $(PROGRAMS:%=$(B)/bin/%)

$(B)/bin/selfsame-signer: $(call obj,$(BASE) $(CRYPTO_SRC) $(EVM) $(AGENT) $(IPC) $(SIGNER) src/signer/main.c)
	$(LINK_STATIC) $(SECP) $(SODIUM) $(SECCOMP)
# OpenSSL's archive mentions dlopen and name look-ups, which the attester never calls (its filter
# would kill it). The linker's warnings about them are shown only when it fails: its own option to
# be quiet (--no-warnings) also keeps quiet about symbols that are missing, and links all the same.
ONLY_ERRORS = 2>$@.log || { cat $@.log >&2; exit 1; }; rm -f $@.log
# of json/ without the values that only the gateway and the command line read
JSON_PLAIN := src/json/reader.c src/json/writer.c src/json/cursor.c
JSON_NEEDS := src/evm/u256.c src/evm/address.c src/evm/rlp.c
ATTESTER_SOURCES := $(BASE) $(HASH) $(JSON_PLAIN) $(JSON_NEEDS) $(IPC) $(TEE) $(TDX) $(CHALLENGE) $(KMS_LIST) $(ATTESTER) src/attester/main.c
$(B)/bin/selfsame-attester: $(call obj,$(ATTESTER_SOURCES))
	$(LINK_STATIC) -ljansson $(CRYPTO) $(SODIUM) $(SECCOMP) $(ONLY_ERRORS)
# of the platforms only the agent's client; no evidence passes here
DSTACK_CLIENT := src/tee/io.c src/tee/http_reply.c src/tee/unix_http.c src/tee/dstack_agent.c
$(B)/bin/selfsame-rootsource: $(call obj,$(BASE) $(CRYPTO_SRC) src/json/reader.c $(JSON_NEEDS) $(IPC) $(DSTACK_CLIENT) $(ROOTSOURCE) src/rootsource/main.c)
	$(LINK_STATIC) -ljansson $(SECP) $(SODIUM) $(SECCOMP)
$(B)/bin/selfsamed: $(call obj,$(BASE) $(IPC) $(SUPERVISOR) src/supervisor/main.c)
	$(LINK_STATIC) $(SODIUM) $(SECCOMP)
$(B)/bin/selfsame-gateway: $(call obj,$(BASE) $(HASH) $(EVM) $(AGENT) $(IPC) $(JSON) $(HTTP) $(STORE) $(CHAIN) $(TRADE) $(GATEWAY) src/gateway/main.c) $(LLHTTP:%=$(B)/obj/llhttp/%.o)
	$(LINK_DYNAMIC) $(GATEWAY_LIBS)
$(B)/bin/selfsame: $(call obj,$(BASE) $(HASH) $(SECP_VERIFY) $(EVM) $(AGENT) $(JSON) $(TDX) $(EVIDENCE) $(CLI) src/cli/main.c)
	$(LINK_DYNAMIC) $(CLI_LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

include src/library/library.mk
include tests/tests.mk
include bench/bench.mk

# --- the two commands of README, and the checks --------------------------------
JOBS := $(shell nproc)

.PHONY: bootstrap run test check-source check-includes format
bootstrap:
	@tools/bootstrap
run: bootstrap
	@$(MAKE) --no-print-directory -s -j$(JOBS) programs
	@tools/run
test: bootstrap
	@$(MAKE) --no-print-directory -s -j$(JOBS) programs test-programs
	@tests/run
check-source:
	@tools/check-source
check-includes:
	@tools/check-includes
format:
	git clang-format-14 --binary clang-format-14 --force --extensions c,h -- src include tests bench examples

.PHONY: help
help:
	@printf '  %-16s %s\n' \
		all 'the programs, in build/bin; what make alone does' \
		run 'install what is missing, build, start a local chain and the daemon' \
		test 'install what is missing, build, run every test' \
		unit 'the unit tests, in build/tests/unit' \
		vectors 'published vectors; FIXTURES=DIR' \
		conformance 'recorded evidence; FIXTURES=DIR' \
		fuzz 'every fuzz target, long' \
		soak 'the crash test with many kills, long' \
		bench 'the table of bench/README.md' \
		check-source 'what a compiler does not check' \
		check-includes 'who includes whom' \
		format 'lay out what was changed' \
		simulated 'renew the simulated machine that is shipped' \
		library 'libselfsame, in build/lib' \
		install 'programs, library, manual; DESTDIR=, PREFIX=/usr/local' \
		install-library 'the library and its manual alone' \
		uninstall 'what either has installed' \
		clean 'build/, and nothing else'

.PHONY: clean
clean:
	rm -rf $(B)
