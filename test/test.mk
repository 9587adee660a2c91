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

# Fuzz targets: `make fuzz-programs FLAVOUR=fuzz` builds them with libFuzzer.
fuzz-programs: $(FUZZ_PROGRAMS)

$(BUILD)/fuzz-targets/%: $(BUILD)/obj/test/fuzz/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@$(LINK) $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS)
