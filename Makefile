# A thin front to CMake. `make bench` and `make test` work in a fresh clone: what is missing is
# installed where that is allowed, else the command that installs it is printed.

MAKEFLAGS += --no-print-directory

BUILD  ?= build
JOBS   ?= $(shell nproc)

.PHONY: all build bench test test-asan test-valgrind fuzz trust install-deps clean

all: build

build: install-deps
	@cmake --preset release -B $(BUILD) $(CMAKE_OPTIONS) >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS) --target tollgate tollgate-agent \
		>$(BUILD)/build.log 2>&1 || { cat $(BUILD)/build.log; exit 1; }

# The main job on the sample gateway.
bench: build
	@$(BUILD)/tollgate bench -c fixtures/tollgate.json $(BENCH_OPTIONS)

test: install-deps
	@cmake --preset release -B $(BUILD) -DTOLLGATE_WERROR=ON >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS)
	@ctest --test-dir $(BUILD) --parallel $(JOBS) --output-on-failure $(TEST_OPTIONS)

# Unit and end-to-end tests under AddressSanitizer and UndefinedBehaviorSanitizer.
test-asan: install-deps
	@cmake --preset asan >/dev/null
	@cmake --build build-asan --parallel $(JOBS)
	@ctest --test-dir build-asan --parallel $(JOBS) --output-on-failure $(TEST_OPTIONS)

test-valgrind: install-deps
	@cmake --preset dev >/dev/null
	@cmake --build build-dev --parallel $(JOBS)
	@sh .ci/valgrind-unit build-dev

# Each fuzz target for some seconds, from the seeds in fixtures/ (clang).
fuzz: install-deps
	@cmake --preset fuzz >/dev/null
	@cmake --build build-fuzz --parallel $(JOBS)
	@ctest --test-dir build-fuzz -L fuzz --output-on-failure

# How good the verdicts are: TRUST_OPTIONS="--seconds 300" works in slices.
trust: install-deps
	@cmake --preset release -B $(BUILD) $(CMAKE_OPTIONS) >/dev/null
	@cmake --build $(BUILD) --parallel $(JOBS) --target trust-programs
	@python3 tests/bench/trust.py --build $(BUILD) $(TRUST_OPTIONS)

install-deps:
	@sh .ci/install-deps

clean:
	@rm -rf build build-*
