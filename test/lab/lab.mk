# The laboratory: scenarios in network namespaces. Included by test.mk.

# The daemon with the protocols of test/protocol/ linked in, each of which registers itself.
PROTOCOL_DAEMON := $(BUILD)/protocol/sallyportd
$(PROTOCOL_DAEMON): $(call object,src/daemon/main.cpp $(sort $(wildcard test/protocol/*.cpp))) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK $(FLAVOUR) $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

.PHONY: lab-programs
lab-programs: programs $(PROTOCOL_DAEMON)

.PHONY: lab
lab: ## scenarios with real clients and origins; SCENARIO=policy runs some, FLAVOUR=asan or tsan under a sanitizer
	@scripts/install-deps lab
	@$(MAKE) -j$(JOBS) --no-print-directory lab-programs
	@test/lab/run --build $(BUILD) --only '$(SCENARIO)' $(if $(MEASURE_AFTER),--measure-after $(MEASURE_AFTER)) \
		$(if $(filter asan tsan,$(FLAVOUR)),--sanitizer --patience 6)

.PHONY: lab-measurements
lab-measurements: ## CPU time of minting, of passthrough beside a bare splice, of HTTP/2, of the QUIC guard: the laboratory's measurements
	@scripts/install-deps lab
	@$(MAKE) -j$(JOBS) --no-print-directory programs
	@test/lab/run --build $(BUILD) --only '$(SCENARIO)' --measuring

.PHONY: screenshots
screenshots: ## pictures of the dashboard's pages, light, dark and narrow, in build/screenshots
	@scripts/install-deps lab
	@$(MAKE) -j$(JOBS) --no-print-directory programs
	@mkdir -p build/screenshots
	@SCREENSHOTS=$(CURDIR)/build/screenshots test/lab/run --build $(BUILD) --only dashboard_pages.looks
	@echo "pictures: build/screenshots"

.PHONY: demo
demo: ## the main job, shown: an unconfigured client intercepted, rewritten, blocked and passed through
	@scripts/install-deps demo
	@$(MAKE) -j$(JOBS) --no-print-directory programs
	@scripts/demo $(BUILD)
