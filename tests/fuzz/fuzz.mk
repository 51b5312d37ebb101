# SPDX-License-Identifier: ISC
# make fuzz FUZZ_SECONDS=20 FUZZ="config jwk": each target (or those named) for
# so long with libFuzzer, ASan and UBSan, starting from its corpus; what it
# finds stays in build/fuzz/, a crash in build/fuzz/crash-*.

FUZZ_SECONDS ?= 20
FUZZ	?= $(FUZZERS:tests/fuzz/fuzz_%.c=%)

ifeq ($(SAN),fuzz)
CC	= clang
OPT	= -O1 -g -fno-omit-frame-pointer \
	  -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FORTIFY	=
LIBFUZZER = $(FUZZERS:tests/fuzz/%.c=$(BUILD)/target/%)

.PHONY: fuzzers
fuzzers: $(LIBFUZZER)

$(BUILD)/target/%: tests/fuzz/%.c $(BUILD)/libacmeferry.a
	@mkdir -p $(@D)
	$(SAY) FUZZ $<
	$(Q)$(CC) $(CPPFLAGS) -Itests/fuzz $(ALLCFLAGS) -fsanitize=fuzzer \
	    $(LDHARD) -o $@ $< $(BUILD)/libacmeferry.a $(LDLIBS)
endif

.PHONY: fuzz
fuzz:
	$(Q)$(DEPS) build fuzz
	$(Q)$(MAKE) SAN=fuzz fuzzers
	$(Q)sh tests/fuzz/run.sh build/fuzz/target $(FUZZ_SECONDS) $(JOBS) \
	    $(FUZZ)
