# SPDX-License-Identifier: ISC
# Test targets; included by the Makefile at the top.

.PHONY: check
check: all $(UNITBIN) $(REPLAY)
	$(Q)sh tests/unit/run.sh $(BUILD)
