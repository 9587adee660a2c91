# Static checks. Included by the Makefile; each part can be run alone.

FORMATTED = $(shell find src include test -name '*.[hc]pp' 2>/dev/null)

.PHONY: lint lint-floors lint-architecture lint-format lint-project lint-shell lint-clang lint-config lint-metrics lint-api lint-pages lint-bench format
lint: ## floors, names in the documents, format, shellcheck, clang-tidy and a second compile with clang, INI keys, metrics, pages
	@scripts/install-deps lint
	@$(MAKE) --no-print-directory lint-floors lint-architecture lint-project lint-format lint-shell lint-pages lint-bench lint-config lint-metrics lint-api lint-clang

lint-floors:
	@scripts/check-floors

lint-architecture:
	@scripts/check-architecture

lint-project:
	@scripts/check-project

lint-format:
	@clang-format-19 --dry-run -Werror $(FORMATTED)
	@echo "format: $(words $(FORMATTED)) files"

lint-shell:
	@scripts/run-shellcheck

lint-pages:
	@scripts/check-pages

lint-bench:
	@scripts/check-bench-report

lint-config:
	@$(MAKE) -j$(JOBS) --no-print-directory programs
	@scripts/check-config-keys

lint-metrics:
	@scripts/check-metrics

lint-api:
	@scripts/check-api

lint-clang: export LINT_FLAGS = $(CPPFLAGS) $(PKG_CFLAGS) $(CXXFLAGS_COMMON) $(CLANG_WARNINGS)
lint-clang:
	@nice scripts/run-clang-tidy

format: ## rewrite the C++ files in the project's format
	@scripts/install-deps lint
	@clang-format-19 -i $(FORMATTED)
