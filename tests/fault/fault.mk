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
	  setrlimit getrlimit
comma	:= ,
FAULT_LDFLAGS = $(patsubst %,-Wl$(comma)--wrap=%,$(FAULT_ALLOC) $(FAULT_SYS))
LDFLAGS	+= $(FAULT_LDFLAGS)
EXTRA_SRCS = tests/fault/wrap.c
endif

.PHONY: torture
# every allocation and every system call failing in turn, a death at every
# change of the file system; FAULT="NAME ..." for some cases only
torture: all
	$(Q)$(MAKE) SAN=fault all
	$(Q)python3 tests/fault/torture.py build/acmeferry \
	    build/fault/acmeferry $(FAULT)
