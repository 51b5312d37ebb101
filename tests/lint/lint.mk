# SPDX-License-Identifier: ISC
# make lint: the rules that a machine holds (README of the code, as it were).
# Each file's clang-tidy verdict is kept, so a second run is quick.

LINT	= build/lint
HEADERS	:= $(sort $(wildcard src/*/*.h))
TIDY	:= $(SRCS:%.c=$(LINT)/%.tidy)
ALONE	:= $(HEADERS:%=$(LINT)/%.alone)
# folders hide what only git or an editor knows; both must not be looked at
SHELLS	= $(shell find tests contrib .ci -name '*.sh' -o -path '.ci/run') \
	  $(wildcard contrib/cron/*.sh contrib/certbot/renewal-hooks/*/*)

.PHONY: lint
lint:
	$(Q)$(DEPS) build lint
	$(Q)$(MAKE) -j$(JOBS) lint-run

.PHONY: lint-run
lint-run: lint-rules lint-options lint-findings lint-man lint-sh lint-clang lint-headers \
    lint-cppcheck lint-tidy
	@echo '1 passed, 0 failed'

.PHONY: lint-rules
lint-rules:
	$(Q)sh tests/lint/rules.sh

.PHONY: lint-options
lint-options: all
	$(Q)if [ -f tests/lint/options.sh ]; then \
		sh tests/lint/options.sh $(BUILD)/acmeferry; fi

.PHONY: lint-findings
lint-findings:
	$(Q)sh tests/lint/findings.sh

.PHONY: lint-man
lint-man:
	$(SAY) MANDOC 'src/man/*.[0-9]'
	$(Q)mandoc -Tlint -Wwarning src/man/*.[0-9]

.PHONY: lint-sh
lint-sh:
	$(SAY) SHELL 'every shell script'
	$(Q)shellcheck $(SHELLS)

# the same warnings, as errors, from the other compiler
.PHONY: lint-clang
lint-clang:
	$(Q)$(MAKE) CC=clang BUILD=build/clang all

.PHONY: lint-headers
lint-headers: $(ALONE)

$(LINT)/%.alone: %
	@mkdir -p $(@D)
	$(SAY) ALONE $<
	$(Q)printf '#include "%s"\n#include "%s"\n' '$(<:src/%=%)' \
	    '$(<:src/%=%)' >$@.c
	$(Q)gcc -Isrc -D_GNU_SOURCE $(PKGFLAGS) -std=c17 $(WARN) \
	    -fsyntax-only $@.c
	$(Q)clang -Isrc -D_GNU_SOURCE $(PKGFLAGS) -std=c17 $(WARN) \
	    -fsyntax-only $@.c
	@touch $@

.PHONY: lint-cppcheck
lint-cppcheck:
	@mkdir -p $(LINT)/cppcheck
	$(SAY) CPPCHK src
	$(Q)cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --cppcheck-build-dir=$(LINT)/cppcheck -Isrc -D_GNU_SOURCE \
	    -D'ACMEFERRY_VERSION=""' --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
	    --suppress=checkersReport src

.PHONY: lint-tidy
lint-tidy: $(TIDY)

$(LINT)/%.tidy: %.c $(HEADERS) .clang-tidy
	@mkdir -p $(@D)
	$(SAY) TIDY $<
	$(Q)clang-tidy --quiet $< -- -std=c17 $(CPPFLAGS) \
	    $(if $(filter %/error.c,$<),,-include tests/lint/tidy.h) >$@.log 2>&1 || \
	    { grep -v 'warnings generated' $@.log; exit 1; }
	@touch $@
