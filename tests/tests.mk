# SPDX-License-Identifier: ISC
# Test targets; included by the Makefile at the top.
#
# make scenario T=tests/scenario/00-lab.sh	one scenario, or some
# VALGRIND=1, CI=true and KEEP=1 are for the scenarios: tests/scenario/lib.sh

JOBS	?= 2
T	?= $(sort $(wildcard tests/scenario/[0-9]*.sh))
ACMEFERRY ?= $(CURDIR)/$(BUILD)/acmeferry

.PHONY: check
check: all $(UNITBIN) $(REPLAY)
	$(Q)sh tests/unit/run.sh $(BUILD)

.PHONY: scenario
scenario: all
	$(Q)ACMEFERRY=$(ACMEFERRY) prove -j$(JOBS) --timer $(T)
