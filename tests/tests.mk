# SPDX-License-Identifier: ISC
# Test targets; included by the Makefile at the top.
#
# make deps		installs what building and testing need
# make test-asan	unit tests and scenarios under ASan and UBSan
# make test-valgrind	the same under valgrind
# make scenario T=tests/scenario/00-lab.sh	one scenario, or some
# make lint		the rules that a machine holds
# make fuzz FUZZ_SECONDS=20	each fuzz target for so long, with libFuzzer
# make cov		line coverage of src/; fails below 90 %
# make sim		two years of CA, surrogate and hosts: does all stay valid
# make bench		how fast, against what
# VALGRIND=1, CI=true and KEEP=1 are for the scenarios: tests/scenario/lib.sh

JOBS	?= 2
T	?= $(sort $(wildcard tests/scenario/[0-9]*.sh))
ACMEFERRY ?= $(CURDIR)/$(BUILD)/acmeferry
DEPS	= sh tests/lab/deps.sh

.PHONY: deps
deps:
	$(Q)$(DEPS) build demo test

.PHONY: check
check: all $(UNITBIN) $(REPLAY)
	$(Q)sh tests/unit/run.sh $(BUILD)

.PHONY: scenario
scenario: all $(LABBIN)
	$(Q)sh tests/lab/s3.sh build/s3
	$(Q)ACMEFERRY=$(ACMEFERRY) LAB=$(CURDIR)/$(BUILD)/lab \
	    sh tests/lab/prove.sh $(JOBS) $(T)

# In two steps, because what pkg-config says is known only after the first.
.PHONY: test
test:
	$(Q)$(DEPS) build test
	$(Q)$(MAKE) -j$(JOBS) check
	$(Q)$(MAKE) scenario
	$(Q)$(MAKE) -j$(JOBS) torture-quick
	$(Q)$(MAKE) -j$(JOBS) sim sim-faults

.PHONY: test-asan
test-asan:
	$(Q)$(DEPS) build test
	$(Q)$(MAKE) -j$(JOBS) SAN=asan check
	$(Q)$(MAKE) SAN=asan scenario

.PHONY: test-valgrind
test-valgrind:
	$(Q)$(DEPS) build test
	$(Q)$(MAKE) VALGRIND=1 check
	$(Q)$(MAKE) VALGRIND=1 scenario

COV_MIN	?= 90
.PHONY: cov
cov:
	$(Q)$(DEPS) build cov
	$(Q)rm -rf build/cov/raw && mkdir -p build/cov/raw
	$(Q)$(MAKE) -j$(JOBS) SAN=cov check
	-$(Q)$(MAKE) SAN=cov scenario
	$(Q)sh tests/lab/cov.sh build/cov $(COV_MIN)

include tests/lint/lint.mk

include tests/fuzz/fuzz.mk

.PHONY: test-certbots
test-certbots:
	$(Q)$(DEPS) build certbots
	$(Q)$(MAKE) -j$(JOBS) all
	$(Q)ACMEFERRY=$(ACMEFERRY) sh tests/lab/certbots.sh \
	    tests/scenario/50-interop.sh

include tests/bench/bench.mk

include tests/sim/sim.mk

.PHONY: demo
demo:
	$(Q)$(DEPS) build demo
	$(Q)$(MAKE) -s -j$(JOBS) all
	$(Q)ACMEFERRY=$(ACMEFERRY) sh tests/lab/demo.sh
