# The benchmarks: sallyport and its peers side by side. Included by test.mk.

BENCH_LOAD := $(BUILD)/bench/load
$(BENCH_LOAD): $(call object,$(sort $(wildcard test/bench/load/*.cpp))) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK $(FLAVOUR) $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

.PHONY: bench-programs
bench-programs: programs $(BENCH_LOAD)

.PHONY: bench
bench: ## sallyport and its peers side by side, in about 20 minutes; BENCH="--works new,h1 --rounds 1 --scale 0.2" for less
	@scripts/install-deps bench
	@$(MAKE) -j$(JOBS) --no-print-directory bench-programs
	@test/bench/run --build $(BUILD) $(BENCH)

BENCH_UNIT := $(BUILD)/bench/unit
$(BENCH_UNIT): $(call object,$(sort $(wildcard test/bench/unit/*.cpp))) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK $(FLAVOUR) $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS) -lcmocka

.PHONY: bench-unit-programs
bench-unit-programs: $(BENCH_UNIT)

.PHONY: bench-unit
bench-unit: ## what single operations cost in instructions, compared with what is allowed; BENCH="--only judge" for some
	@scripts/install-deps bench-unit
	@$(MAKE) -j$(JOBS) --no-print-directory bench-unit-programs
	@test/bench/unit/run --build $(BUILD) $(BENCH)
