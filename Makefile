# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# One Makefile for the whole tree; the tree says what is built:
#
#   sys/**/*.c (not sys/arch)       the kernel: freestanding, joined with ld -r
#   sys/arch/user/host/*.c          the host layer under it: with the kernel, bsd
#   lib/libX/*.c                    library libX.a (libbsdsys also as a .so)
#   {sbin,usr.sbin,usr.bin}/X/*.[cy]  program X; its main() stands in X.c
#   regress/sys/**/*_test.c         kernel-side unit tests, all in one `ktest'
#   regress/{lib,sbin,usr.*}/X/*_test.c   host-side unit tests of library or program X
#   regress/stack/*_test.c          several kernels in one process, virtual clock
#   regress/{lang,system}/*.sh      text in, text out; real processes
#   regress/fuzz/*_fuzz.c           fuzzers of kernel parts; fuzz/user/ of the rest
#   regress/bench/*_bench.c, *.sh   figures; kernel-side, all in one `kbench'
#   regress/bench/user/*_bench.c    figures of programs beside a real bsd
#
# A program folder may hold a prog.mk that adds to LIBS_<name>, and names by
# which it is called too in ALIAS_<name>.
#
#   make            build into build/ (O=dir elsewhere)
#   make SAN=1 O=dir   the same under ASan and UBSan
#   make test       everything that can fail;  make check, unit, stack, lang, system: parts
#   make fuzz bench run install clean
#   V=1             show the commands

MAKEFLAGS += --no-builtin-rules --no-print-directory
# As many jobs as there are processors, unless the caller says how many.
ifeq ($(MAKELEVEL)$(filter -j% --jobs% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifeq ($(V),) # V=1 shows the commands
MAKEFLAGS += -s
endif
.SUFFIXES:
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

O      ?= build
# One name however it is called: what a header leads to is known by names.
override O := $(patsubst $(CURDIR)/%,%,$(abspath $(O)))
SAN    ?=
FUZZ   ?=
COVER  ?=
ifeq ($(origin CC),default)
CC     := gcc
endif
PREFIX ?= /usr/local
OPT    ?= -O2

# --- flags ---------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wundef \
    -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wwrite-strings \
    -Wvla -Wcast-qual -Wimplicit-fallthrough -Wformat=2 -Wno-format-nonliteral
ifneq ($(findstring clang,$(CC)),)
WARN += -Wmissing-variable-declarations -Wno-gnu-alignof-expression
endif

INSTR :=
ifneq ($(SAN),)
INSTR += -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
OPT   := -O1
KDEFS += -DPOOL_DEBUG -DDIAGNOSTIC
WARN  += -Wno-format-truncation
endif
ifneq ($(FUZZ),)
CC    := clang
INSTR += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
KDEFS += -DPOOL_DEBUG -DDIAGNOSTIC
UDEFS += -DFUZZING
endif
ifneq ($(COVER),)
INSTR += --coverage
endif

BASE   := -std=gnu11 -g $(OPT) -fno-common -fno-strict-aliasing -fstack-protector-strong \
    $(WARN) $(INSTR) -MD -MP
CCINC  := $(shell $(CC) -print-file-name=include 2>/dev/null)
KFLAGS = $(BASE) -ffreestanding -nostdinc -isystem $(CCINC) -Isys -Isys/arch/user/include \
    -D_KERNEL $(KDEFS) -fPIC -Wframe-larger-than=2048
ifneq ($(SAN)$(FUZZ),)
KFLAGS += -Wno-frame-larger-than
endif
UFLAGS = $(BASE) -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fPIC -Ilib -idirafter sys \
    -Isys/arch/user/include $(UDEFS)
ifneq ($(SAN)$(FUZZ),)
UFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
endif
LDFLAGS := $(INSTR) -pthread
ifneq ($(FUZZ),)
LDFLAGS := -fsanitize=address,undefined -pthread
endif

# A change of flags rebuilds; an untouched tree does not.
FLAGFILE := $(O)/.flags
FLAGTEXT := $(CC) $(KFLAGS) $(UFLAGS) $(LDFLAGS)
$(shell mkdir -p $(O); printf '%s\n' '$(FLAGTEXT)' | cmp -s - $(FLAGFILE) || printf '%s\n' '$(FLAGTEXT)' > $(FLAGFILE))

# --- what there is -------------------------------------------------------
find = $(sort $(shell find $(1) -name '$(2)' $(3) 2>/dev/null))
KERN_SRCS := $(call find,sys,*.c,! -path 'sys/arch/*')
HOST_SRCS := $(call find,sys/arch/user/host,*.c)
LIBS      := $(notdir $(patsubst %/,%,$(wildcard lib/*/)))
PROGDIRS  := $(patsubst %/,%,$(wildcard sbin/*/ usr.sbin/*/ usr.bin/*/))
PROGS     := $(notdir $(PROGDIRS))
KERN_OBJS := $(KERN_SRCS:%.c=$(O)/%.o)
HOST_OBJS := $(HOST_SRCS:%.c=$(O)/%.o)

all: $(if $(HOST_SRCS),$(O)/bin/bsd) $(if $(KERN_SRCS),$(O)/bsd.so) \
    $(LIBS:%=$(O)/lib/%.a) $(if $(wildcard lib/libbsdsys/*.c),$(O)/lib/libbsdsys.so) \
    $(PROGS:%=$(O)/bin/%)

# --- compile -------------------------------------------------------------
# Kernel world: sys/ outside sys/arch, and the tests that stand beside it.
$(O)/sys/%.o: sys/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(KFLAGS) $(KFLAGS_$(<F)) -c -o $@ $<
$(O)/regress/sys/%.o: regress/sys/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(KFLAGS) -Iregress/include -Wno-frame-larger-than -c -o $@ $<
$(O)/regress/bench/user/%.o: regress/bench/user/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(UFLAGS) -Ilib/libbsdsys -c -o $@ $<
$(O)/regress/fuzz/user/%.o: regress/fuzz/user/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(UFLAGS) -Iregress/include -I. -Ilib/libbsdsys -c -o $@ $<
$(O)/regress/fuzz/%.o: regress/fuzz/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(KFLAGS) -Iregress/include -Wno-frame-larger-than -c -o $@ $<
$(O)/regress/bench/%.o: regress/bench/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(KFLAGS) -Iregress/include -Wno-frame-larger-than -c -o $@ $<
# Host world: everything else.
$(O)/sys/arch/user/host/%.o: sys/arch/user/host/%.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(UFLAGS) -c -o $@ $<
$(O)/%.o: %.c $(FLAGFILE)
	@mkdir -p $(@D)
	$(CC) $(UFLAGS) -I$(<D) -Iregress/include $(if $(filter regress/%,$<),-I$(patsubst regress/%,%,$(<D))) -c -o $@ $<
$(O)/%.c: %.y $(FLAGFILE)
	@mkdir -p $(@D)
	bison -Wall -Werror -Wno-yacc -o $@ $<
$(O)/%.o: $(O)/%.c $(FLAGFILE)
	$(CC) $(UFLAGS) -Wno-unused-macros -I$(patsubst $(O)/%,%,$(<D)) -c -o $@ $<

# --- the kernel ----------------------------------------------------------
# Joined, held against the gate, hidden but for its entry points.
EXPORTS := sys/arch/user/exports
$(O)/kernel.ro: $(KERN_OBJS)
	ld -r -o $@ $^
	@tools/check-symbols $@
$(O)/kernel.o: $(O)/kernel.ro $(EXPORTS)
	objcopy --keep-global-symbols=$(EXPORTS) $< $@
$(O)/bsd.so: $(O)/kernel.o
	$(CC) $(INSTR) -shared -Wl,-Bsymbolic -o $@ $<
$(O)/bin/bsd: $(O)/kernel.o $(HOST_OBJS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(HOST_OBJS) $(O)/kernel.o

# --- libraries and programs ---------------------------------------------
define lib_rules
$(O)/lib/$(1).a: $(patsubst %.c,$(O)/%.o,$(wildcard lib/$(1)/*.c)) $(patsubst %.y,$(O)/%.o,$(wildcard lib/$(1)/*.y))
	@mkdir -p $$(@D)
	rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rules,$(l))))
$(O)/lib/libbsdsys.so: $(patsubst %.c,$(O)/%.o,$(wildcard lib/libbsdsys/*.c))
	$(CC) $(LDFLAGS) -shared -Wl,-Bsymbolic-functions,-soname,libbsdsys.so -o $@ $^ -ldl

# Libraries in the order a linker wants them.
LIBORDER := $(filter libpf,$(LIBS)) $(filter-out libpf libutil libbsdsys libconf,$(LIBS)) \
    $(filter libconf,$(LIBS)) $(filter libutil,$(LIBS)) $(filter libbsdsys,$(LIBS))
define prog_rules
-include $(1)/prog.mk
OBJS_$(notdir $(1)) := $(patsubst %.c,$(O)/%.o,$(wildcard $(1)/*.c)) $(patsubst %.y,$(O)/%.o,$(wildcard $(1)/*.y))
$(O)/bin/$(notdir $(1)): $$(OBJS_$(notdir $(1))) $(LIBORDER:%=$(O)/lib/%.a)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -Wl,--export-dynamic-symbol=bsd_machine -o $$@ $$^ $$(LIBS_$(notdir $(1))) -ldl
	$$(foreach a,$$(ALIAS_$(notdir $(1))),ln -sf $(notdir $(1)) $$(@D)/$$a;)
endef
$(foreach p,$(PROGDIRS),$(eval $(call prog_rules,$(p))))

include regress/regress.mk

# --- the rest ------------------------------------------------------------
check-fast: all
	@tools/check-layers
	@tools/check-headers "$(CC)"
check: all
	@O=$(O) tools/check

run:
	@tools/need build run
	@$(MAKE) all
	@O=$(O) tools/run-lab

# All of it under one folder, which a machine's shell has in front: ping, route
# and their pages must not take the place of the host's own.  What the host
# has no namesake of is in the usual places too.
MANPAGES := $(sort $(shell find share/man sbin usr.sbin usr.bin sys/arch -name '*.[1-9]' 2>/dev/null))
PUBLIC   := bsd bsdctl pfctl pflogd
PUBMAN   := $(PUBLIC:%=%.8) lab.conf.5 pf.conf.5 pf.os.5 hostname.if.5 mygate.5 bsdsys.7
FUGUDIR  := $(DESTDIR)$(PREFIX)/libexec/fugu
install: all
	install -d $(FUGUDIR)/bin $(FUGUDIR)/lib $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/share/fugu/examples
	for p in $(O)/bin/*; do if [ -L $$p ]; then cp -P $$p $(FUGUDIR)/bin; \
	    else install -m 755 $$p $(FUGUDIR)/bin; fi || exit 1; done
	install -m 755 $(O)/lib/libbsdsys.so $(FUGUDIR)/lib
	ln -sfn ../libexec/fugu/lib/libbsdsys.so $(DESTDIR)$(PREFIX)/lib/libbsdsys.so
	for p in $(PUBLIC); do ln -sfn ../libexec/fugu/bin/$$p $(DESTDIR)$(PREFIX)/bin/$$p || exit 1; done
	for p in $(MANPAGES); do d=$(FUGUDIR)/share/man/man$${p##*.}; \
	    install -d $$d && install -m 644 $$p $$d || exit 1; done
	for p in $(PUBMAN); do d=share/man/man$${p##*.}; install -d $(DESTDIR)$(PREFIX)/$$d && \
	    ln -sfn ../../../libexec/fugu/$$d/$$p $(DESTDIR)$(PREFIX)/$$d/$$p || exit 1; done
	cp -R etc/examples/. $(DESTDIR)$(PREFIX)/share/fugu/examples/

clean:
	rm -rf $(O)

.PHONY: all check check-fast run install clean

-include $(shell find $(O) -name '*.d' 2>/dev/null)
