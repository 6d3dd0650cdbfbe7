# make bench: one table, every figure a ratio to a named baseline in the same run. See bench/README.md.

BENCH := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))
BENCH_LIBS = $(filter-out -lcmocka,$(TEST_LIBS))

$(B)/bench/%: $(B)/obj/bench/%.o $(B)/obj/everything.a
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(B)/obj/everything.a $(BENCH_LIBS)

.PHONY: bench bench-programs
bench-programs: $(BENCH)
bench: bootstrap
	@command -v wrk >/dev/null 2>&1 || { echo 'bench: installing wrk'; apt-get install -y -qq wrk >/dev/null; }
	@$(MAKE) --no-print-directory -s -j$(JOBS) programs bench-programs
	@build/venv/bin/python bench/run
