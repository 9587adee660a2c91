# sallyport. `make help` lists what there is; every target installs what it lacks.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
JOBS ?= $(shell nproc)

VERSION := $(shell sed -n '1s/.*(\([^)-]*\).*/\1/p' debian/changelog 2>/dev/null || echo 0)

# One flavour of build a folder: release (build/), asan, tsan and fuzz each below it.
FLAVOUR ?= release
ifeq ($(FLAVOUR),release)
  BUILD := build
else
  BUILD := build/$(FLAVOUR)
endif

CXX := g++
CLANG := clang++-19
CCACHE := $(shell command -v ccache 2>/dev/null)
LIBRARIES := libevent_core openssl libcares libnghttp2 inih libidn2 libpsl libnl-3.0 libnl-route-3.0 absl_flat_hash_map libsystemd libcrypt prometheus-cpp-core sqlite3 libnetfilter_queue libmnl
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
# wslay brings no pkg-config file.
PKG_LIBS = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lwslay
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion \
	-Wimplicit-fallthrough -Wno-missing-field-initializers -Werror
HARDENING := -fstack-protector-strong -fPIE -fcf-protection
CPPFLAGS += -Iinclude -DSALLYPORT_VERSION='"$(VERSION)"'
# For clang: libstdc++ 12's own std::stable_sort calls a function that it has itself deprecated.
CLANG_WARNINGS := -Wno-deprecated-declarations
CXXFLAGS_COMMON := -std=c++23 $(WARNINGS) -pthread
LDFLAGS_COMMON := -pthread -pie -Wl,-z,relro,-z,now,--as-needed

FLAGS_release := -O2 -g1 $(HARDENING) -D_FORTIFY_SOURCE=2
FLAGS_asan := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
FLAGS_tsan := -O1 -g1 -fsanitize=thread -fno-omit-frame-pointer -fPIE
FLAGS_fuzz := $(CLANG_WARNINGS) -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fPIE
ifeq ($(FLAVOUR),fuzz)
  COMPILER := $(CLANG)
else
  COMPILER := $(CXX)
endif
COMPILE = $(CCACHE) $(COMPILER) $(CPPFLAGS) $(PKG_CFLAGS) $(CXXFLAGS_COMMON) $(FLAGS_$(FLAVOUR)) $(CXXFLAGS) -MMD -MP
LINK = $(COMPILER) $(FLAGS_$(FLAVOUR)) $(LDFLAGS_COMMON) $(LDFLAGS)

# src/<module>/*.cpp is the library; src/daemon/main.cpp and src/cli/main.cpp are the two programs.
SOURCES := $(sort $(shell find src -name '*.cpp'))
ifeq ($(FLAVOUR),fuzz)
  # The targets are parsers: what serves connections is not compiled for them.
  SOURCES := $(filter-out $(addprefix src/,daemon/% cli/% doctor/% gateway/% record/% pki/%),$(SOURCES))
endif
LIBRARY_SOURCES := $(filter-out %/main.cpp,$(SOURCES))
LIBRARY := $(BUILD)/libsallyport.a
UNIT_SOURCES := $(sort $(shell find test/unit$(if $(MODULE),/$(MODULE)) -name '*_test.cpp' 2>/dev/null))
UNIT_PROGRAMS := $(UNIT_SOURCES:test/unit/%.cpp=$(BUILD)/unit/%)
FUZZ_SOURCES := $(sort $(shell find test/fuzz -name '*_fuzz.cpp' 2>/dev/null))
FUZZ_PROGRAMS := $(FUZZ_SOURCES:test/fuzz/%.cpp=$(BUILD)/fuzz-targets/%)

object = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(1))

.PHONY: help all deps
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

all: deps ## build build/sallyportd and build/sallyport
	@$(MAKE) -j$(JOBS) --no-print-directory programs

deps:
	@scripts/install-deps build

.PHONY: programs
programs: $(BUILD)/sallyportd $(BUILD)/sallyport

$(BUILD)/sallyportd: $(call object,src/daemon/main.cpp) $(LIBRARY)
	@echo "  LINK $(FLAVOUR) $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

$(BUILD)/sallyport: $(call object,src/cli/main.cpp) $(LIBRARY)
	@echo "  LINK $(FLAVOUR) $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

$(LIBRARY): $(call object,$(LIBRARY_SOURCES))
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/obj/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	@echo "  CXX $(FLAVOUR) $<"
	@$(COMPILE) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

include test/test.mk
include test/steering/steering.mk
include lint.mk
include packaging.mk

.PHONY: check
check: ## every test: unit, fuzz corpora, steering, lint, lab; the last line sums up
	@scripts/run-checks
