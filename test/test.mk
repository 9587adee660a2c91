# How the tests are built and run. Included by the Makefile.

.PHONY: unit unit-programs fuzz-programs
unit: ## unit tests; MODULE=policy runs one module's, FLAVOUR=asan or tsan under a sanitizer
	@scripts/install-deps test
	@$(MAKE) -j$(JOBS) --no-print-directory unit-programs
	@scripts/run-unit-tests $(UNIT_PROGRAMS)

unit-programs: $(UNIT_PROGRAMS)

$(BUILD)/unit/%: $(BUILD)/obj/test/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@$(LINK) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/obj/test/%.o: CPPFLAGS += -Itest/support
# The pattern has to be that of the rule which makes them.
.PRECIOUS: $(BUILD)/obj/%.o

# Fuzz targets: test/fuzz/<name>_fuzz.cpp with its corpus in test/fuzz/corpus/<name>/.
.PHONY: fuzz fuzz-replay fuzz-build
SECONDS ?= 60
FUZZ_RUN = SOME_TARGETS=$(TARGET) scripts/run-fuzz-corpora $(1) \
	$(patsubst test/fuzz/%.cpp,build/fuzz/fuzz-targets/%,$(if $(TARGET),$(filter %/$(TARGET)_fuzz.cpp,$(FUZZ_SOURCES)),$(FUZZ_SOURCES)))

fuzz: fuzz-build ## fuzz each parser after replaying its corpus; SECONDS=60 each, TARGET=client_hello for one
	@$(call FUZZ_RUN,$(SECONDS))

fuzz-replay: fuzz-build ## run each fuzz target over its committed corpus
	@$(call FUZZ_RUN,0)

fuzz-build:
	@scripts/install-deps fuzz
	@$(MAKE) -j$(JOBS) --no-print-directory FLAVOUR=fuzz fuzz-programs

fuzz-programs: $(FUZZ_PROGRAMS)

$(BUILD)/fuzz-targets/%: $(BUILD)/obj/test/fuzz/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@$(LINK) $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS)

.PHONY: asan tsan
asan: ## unit tests and the laboratory under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory FLAVOUR=asan unit lab

tsan: ## unit tests and the laboratory under ThreadSanitizer
	@$(MAKE) --no-print-directory FLAVOUR=tsan unit lab

include test/lab/lab.mk
include test/bench/bench.mk
