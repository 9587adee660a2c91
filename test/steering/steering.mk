# The shipped kernel rules, tried in network namespaces. Included by the Makefile; needs root.

.PHONY: steering
steering: ## try the kernel rules in network namespaces; TEST=masquerade for some of the tests
	@scripts/install-deps lab
	@$(MAKE) -j$(JOBS) --no-print-directory programs
	@test/steering/run $(BUILD)/sallyport $(TEST)
