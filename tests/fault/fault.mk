# SPDX-License-Identifier: ISC
# SAN=fault: the program with every allocation and system call of its own
# objects behind tests/fault/wrap.c, which can make any of them fail or end
# the process there.  Only this build knows the ACMEFERRY_FAULT variable.

ifeq ($(SAN),fault)
OPT	= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	  -fno-sanitize-recover=all
FORTIFY	=
WARN	:= $(filter-out -Wnull-dereference,$(WARN))
FAULT_ALLOC = malloc calloc realloc reallocarray strdup strndup
FAULT_SYS = openat open read write pread close fsync renameat renameat2 \
	  linkat symlinkat unlinkat mkdirat fchmod fchmodat fchown fchownat \
	  fstat fstatat stat lstat fcntl ftruncate fdopendir readlink readlinkat \
	  realpath dup3 pipe2 fork poll setpgid getcwd futimens utimensat \
	  getdents64 getrandom waitpid faccessat lseek prctl \
	  setrlimit getrlimit access opendir readdir dup2 waitid close_range \
	  chdir execve gethostname syscall
comma	:= ,
FAULT_LDFLAGS = $(patsubst %,-Wl$(comma)--wrap=%,$(FAULT_ALLOC) $(FAULT_SYS))
LDFLAGS	+= $(FAULT_LDFLAGS)
EXTRA_SRCS = tests/fault/wrap.c
endif

# On a file system in memory fsync costs nothing, and these tests do little else.
TORTURE	= $(shell test -w /dev/shm && echo TMPDIR=/dev/shm) \
	  /usr/bin/python3 tests/fault/torture.py build/acmeferry build/fault/acmeferry

.PHONY: torture
# every allocation and every system call failing in turn, a death at every
# change of the file system; FAULT="NAME ..." for some cases only
torture: all
	$(Q)$(MAKE) SAN=fault all
	$(Q)$(TORTURE) $(FAULT)

# the part of it that make test has time for: a death and a full disk at every
# single change, and every so manyth allocation and system call; of what takes
# long only every so manyth of these, beginning with another one each day
.PHONY: torture-quick
torture-quick: all
	$(Q)$(MAKE) SAN=fault all
	$(Q)$(TORTURE) --weigh --every 23 $(FAULT)
