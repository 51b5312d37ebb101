# SPDX-License-Identifier: ISC
#
# make            builds build/acmeferry
# make check      unit tests and the replayed fuzz corpus, under a minute
# make test       every test: check, scenarios, faults
# make demo       a migration before your eyes, on this machine
# make install    PREFIX=/usr/local DESTDIR=
# V=1 shows the commands; SAN=asan builds with ASan and UBSan, SAN=cov for
# coverage, SAN=fault for the fault harness, each in a folder of its own.

VERSION	= 0.1.0
PREFIX	?= /usr/local
DESTDIR	?=
BINDIR	?= $(PREFIX)/bin
MANDIR	?= $(PREFIX)/share/man
DOCDIR	?= $(PREFIX)/share/doc/acmeferry
EXAMPLEDIR ?= $(DOCDIR)/examples
UNITDIR	?= $(PREFIX)/lib/systemd/system

CC	?= cc
SAN	?=
V	?= 0
BUILD	= build$(if $(SAN),/$(SAN))

PKGS	= openssl libcurl json-c yaml-0.1
WARN	= -Wall -Wextra -Werror -Wpedantic -Wshadow -Wpointer-arith \
	  -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
	  -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition \
	  -Wvla -Wformat=2 -Wundef -Wconversion -Wsign-conversion \
	  -Wnull-dereference -Wimplicit-fallthrough
HARDEN	= -fstack-protector-strong -fPIE
OPT	= -O2 -g
FORTIFY	= -D_FORTIFY_SOURCE=2
LDHARD	= -pie -Wl,-z,relro,-z,now

ifeq ($(SAN),asan)
OPT	= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	  -fno-sanitize-recover=all
FORTIFY	=
# the sanitizers' own code paths give gcc false positives here
WARN	:= $(filter-out -Wnull-dereference,$(WARN))
endif
ifeq ($(SAN),cov)
# counters live in a shared mapping, so that a process that is killed, leaves
# with _exit() or can no longer open files in its sandbox is counted as well
CC	= clang
COVRAW	= $(CURDIR)/$(BUILD)/raw/%m%c.profraw
OPT	= -O0 -g -fprofile-instr-generate=$(COVRAW) -fcoverage-mapping \
	  -mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
FORTIFY	=
endif

-include tests/fault/fault.mk

# asked once, not at every compilation
PKGFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# libcurl is loaded when a CA is asked (src/http/curl_lib.h), not at the start
PKGLIBS	:= $(shell pkg-config --libs $(filter-out libcurl,$(PKGS)) \
	  2>/dev/null) -ldl

CPPFLAGS += -Isrc -D_GNU_SOURCE -DACMEFERRY_VERSION='"$(VERSION)"' \
	  -DOPENSSL_API_COMPAT=30000 -DOPENSSL_NO_DEPRECATED $(FORTIFY) \
	  $(PKGFLAGS)
ALLCFLAGS = -std=c17 $(OPT) $(WARN) $(HARDEN) $(CFLAGS)
LDLIBS	= $(PKGLIBS)

ifeq ($(V),0)
Q	= @
SAY	= @printf '  %-6s %s\n'
else
Q	=
SAY	= @:
endif

SRCS	:= $(sort $(wildcard src/*/*.c)) $(EXTRA_SRCS)
OBJS	:= $(SRCS:%.c=$(BUILD)/%.o)
MAINOBJ	:= $(BUILD)/src/cli/main.o
LIB	:= $(BUILD)/libacmeferry.a
UNITS	:= $(sort $(wildcard tests/unit/test_*.c))
UNITBIN	:= $(UNITS:tests/unit/%.c=$(BUILD)/unit/%)
FUZZERS	:= $(sort $(wildcard tests/fuzz/fuzz_*.c))
REPLAY	:= $(FUZZERS:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.DEFAULT_GOAL := all
.PHONY: all
all: $(BUILD)/acmeferry

$(BUILD)/acmeferry: $(MAINOBJ) $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALLCFLAGS) $(LDHARD) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(filter-out $(MAINOBJ),$(OBJS))
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c tests/unit/unit.h $(LIB)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(ALLCFLAGS) -MMD -MP -MF $@.d \
	    $(LDHARD) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS) -lcmocka

$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) -Itests/fuzz $(ALLCFLAGS) $(LDHARD) $(LDFLAGS) \
	    -o $@ $< tests/fuzz/replay.c $(LIB) $(LDLIBS)

# programs that scenarios use
LABBIN	:= $(patsubst %.c,$(BUILD)/lab/%,$(notdir \
	  $(sort $(wildcard tests/lab/*.c))))
$(BUILD)/lab/%: tests/lab/%.c $(LIB)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(ALLCFLAGS) -MMD -MP -MF $@.d $(LDHARD) \
	    $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

-include $(OBJS:.o=.d) $(UNITBIN:=.d) $(LABBIN:=.d)

include tests/tests.mk

# the program's place in what names it
PLACE	= sed 's,/usr/local/bin/acmeferry,$(BINDIR)/acmeferry,g'

.PHONY: install
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 \
	    $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(EXAMPLEDIR)
	install -m 0755 $(BUILD)/acmeferry $(DESTDIR)$(BINDIR)/acmeferry
	install -m 0644 src/man/acmeferry.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 0644 src/man/acmeferry.yml.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 0644 README.md CHANGELOG.md LICENSE src/man/PROTOCOL.md \
	    src/man/BUNDLE.md $(DESTDIR)$(DOCDIR)/
	install -m 0644 config.example.yml $(DESTDIR)$(EXAMPLEDIR)/
	install -d $(DESTDIR)$(UNITDIR)
	for f in acmeferry acmeferry-sync; do \
		$(PLACE) contrib/cron/$$f >$(DESTDIR)$(EXAMPLEDIR)/$$f && \
		$(PLACE) contrib/systemd/$$f.service \
		    >$(DESTDIR)$(UNITDIR)/$$f.service && \
		install -m 0644 contrib/systemd/$$f.timer \
		    $(DESTDIR)$(UNITDIR)/ && \
		chmod 0644 $(DESTDIR)$(EXAMPLEDIR)/$$f \
		    $(DESTDIR)$(UNITDIR)/$$f.service || exit 1; \
	done
	install -d $(DESTDIR)$(EXAMPLEDIR)/renewal-hooks/deploy
	$(PLACE) contrib/certbot/renewal-hooks/deploy/acmeferry \
	    >$(DESTDIR)$(EXAMPLEDIR)/renewal-hooks/deploy/acmeferry
	chmod 0755 $(DESTDIR)$(EXAMPLEDIR)/renewal-hooks/deploy/acmeferry

.PHONY: uninstall
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/acmeferry $(DESTDIR)$(MANDIR)/man1/acmeferry.1 \
	    $(DESTDIR)$(MANDIR)/man5/acmeferry.yml.5 \
	    $(DESTDIR)$(UNITDIR)/acmeferry.service \
	    $(DESTDIR)$(UNITDIR)/acmeferry.timer \
	    $(DESTDIR)$(UNITDIR)/acmeferry-sync.service \
	    $(DESTDIR)$(UNITDIR)/acmeferry-sync.timer
	rm -rf $(DESTDIR)$(DOCDIR)

.PHONY: clean
clean:
	rm -rf build
