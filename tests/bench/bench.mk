# SPDX-License-Identifier: ISC
# make bench: how fast, against what, side by side in one run. BENCH_RUNS=20
# for steadier medians; the stores it makes stay in build/bench.

BENCH_RUNS ?= 10

.PHONY: bench
bench:
	$(Q)$(DEPS) build bench
	$(Q)$(MAKE) bench-run

.PHONY: bench-run
bench-run: all $(BUILD)/bench/baseline $(BUILD)/bench/seal
	$(Q)ACMEFERRY=$(ACMEFERRY) BENCH=$(CURDIR)/$(BUILD)/bench \
	    sh tests/bench/bench.sh $(BENCH_RUNS)

$(BUILD)/bench/baseline: tests/bench/baseline.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(ALLCFLAGS) $(LDHARD) -o $@ $< $(LDLIBS)

$(BUILD)/bench/seal: tests/bench/seal.c $(LIB)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(ALLCFLAGS) $(LDHARD) -o $@ $< $(LIB) $(LDLIBS)
