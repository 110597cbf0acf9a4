# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
#
# The tests: which there are and how they are linked.  Every one of them
# speaks TAP; tools/run-tests runs them, adds them up and closes with
# `N passed, N failed, N skipped'.  Unit and stack tests are always built
# with sanitizers, in their own tree ($(T)).

T := build-san
F := build-fuzz
SIM_OBJS   := $(patsubst %.c,$(O)/%.o,$(wildcard regress/libsim/*.c)) \
    $(O)/sys/arch/user/host/host_fd.o $(O)/sys/arch/user/host/wire_fault.o
KTEST_OBJS := $(patsubst %.c,$(O)/%.o,$(call find,regress/sys,*_test.c))
STACKTESTS := $(patsubst regress/stack/%.c,$(O)/stack/%,$(wildcard regress/stack/*_test.c))
UNITTESTS  := $(patsubst regress/%.c,$(O)/unit/%,$(call find,regress/lib regress/sbin regress/usr.sbin regress/usr.bin,*_test.c))
ARCHTESTS  := $(patsubst regress/arch/%.c,$(O)/unit/arch/%,$(wildcard regress/arch/*_test.c))
HOSTFUZZ   := $(patsubst regress/fuzz/user/%.c,$(O)/fuzz/%,$(wildcard regress/fuzz/user/*_fuzz.c))
KERNFUZZ   := $(patsubst regress/fuzz/%.c,$(O)/fuzz/%,$(wildcard regress/fuzz/*_fuzz.c))
KBENCH_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard regress/bench/*_bench.c))
HOSTBENCH  := $(patsubst regress/bench/user/%.c,$(O)/bench/%,$(wildcard regress/bench/user/*_bench.c))
LANGTESTS  := $(wildcard regress/lang/*.sh)
SYSTESTS   := $(wildcard regress/system/*.sh)

# Kernel-side tests are kernel files: joined with the kernel before it is
# hidden, run by a host program that walks the table of tests.
$(O)/ktest.o: $(KERN_OBJS) $(KTEST_OBJS)
	ld -r -o $@.ro $^
	objcopy --keep-global-symbols=regress/include/ktest.exports $@.ro $@
	@rm -f $@.ro
$(O)/ktest: $(O)/ktest.o $(O)/regress/ktest/abi_host.o $(O)/regress/ktest/ktest_main.o $(O)/regress/ktest/kt_check.o $(SIM_OBJS)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lpcap -ldl
$(O)/kbench.o: $(KERN_OBJS) $(KBENCH_OBJS)
	ld -r -o $@.ro $^
	objcopy --keep-global-symbols=regress/include/ktest.exports $@.ro $@
	@rm -f $@.ro
$(O)/kbench: $(O)/kbench.o $(O)/regress/ktest/kbench_main.o $(O)/regress/ktest/kt_check.o $(SIM_OBJS)
	$(CC) $(LDFLAGS) -o $@ $^ -lpcap -ldl

# The first line of a host-side fuzzer or benchmark names what else it is
# linked with, programs or the host layer: /* LINK: sbin/pfctl */
OBJS_host := $(filter-out %/bsd.o,$(HOST_OBJS))
links = $(foreach d,$(shell sed -n '1s,^/\* LINK: \(.*\) \*/$$,\1,p' $(1)),$(filter-out %/$(notdir $(d)).o,$(OBJS_$(notdir $(d)))))

# Figures of programs: linked with libbsdsys, they start a bsd of their own.
$(HOSTBENCH): $(O)/bench/%: $(O)/regress/bench/user/%.o $(O)/lib/libbsdsys.a $(O)/bin/bsd $(HOST_OBJS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(call links,regress/bench/user/$*.c) $(O)/lib/libbsdsys.a -lcmocka -ldl

# Several kernels in one process: the test brings the host functions, each
# private copy of bsd.so the kernel.
# One whose name begins with pf has pfctl in it too, without its main().
$(O)/stack/pf%: EXTRA = $(filter-out %/pfctl.o,$(OBJS_pfctl)) $(filter-out %/libbsdsys.a,$(LIBORDER:%=$(O)/lib/%.a))
$(filter $(O)/stack/pf%,$(STACKTESTS)): $(OBJS_pfctl) $(LIBORDER:%=$(O)/lib/%.a)
$(O)/stack/%: $(O)/regress/stack/%.o $(SIM_OBJS) $(O)/bsd.so
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -rdynamic -o $@ $< $(SIM_OBJS) $(EXTRA) -lcmocka -lpcap -ldl

# The host layer without a kernel above it.
$(ARCHTESTS): $(O)/unit/arch/%: $(O)/regress/arch/%.o $(filter-out %/bsd.o,$(HOST_OBJS))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka

# A unit test of program or library X is linked with all of X but its main.
.SECONDEXPANSION:
# (a bare % here would be taken for the stem)
PERCENT := %
$(O)/unit/%: $(O)/regress/%.o $$(filter-out $$(O)/$$(*D)/$$(notdir $$(*D)).o,$$(patsubst $$(PERCENT).c,$$(O)/$$(PERCENT).o,$$(wildcard $$(*D)/*.c)) $$(patsubst $$(PERCENT).y,$$(O)/$$(PERCENT).o,$$(wildcard $$(*D)/*.y))) $(LIBORDER:%=$(O)/lib/%.a)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter-out $(if $(filter lib/%,$(*D)),$(O)/lib/$(notdir $(*D)).a),$(filter %.a,$^)) -lcmocka -lpcap -ldl

# Fuzzers (make FUZZ=1 O=build-fuzz fuzzers).
$(KERNFUZZ): $(O)/fuzz/%: $(O)/regress/fuzz/%.o $(KERN_OBJS) $(SIM_OBJS)
	@mkdir -p $(@D)
	ld -r -o $@.ro $(O)/regress/fuzz/$*.o $(KERN_OBJS)
	objcopy --keep-global-symbols=regress/include/ktest.exports $@.ro $@.o
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $@.o $(SIM_OBJS) -lpcap -ldl
	@rm -f $@.ro $@.o
$(HOSTFUZZ): $(O)/fuzz/%: $(O)/regress/fuzz/user/%.o $(O)/bin/bsd $(LIBORDER:%=$(O)/lib/%.a) $(PROGS:%=$(O)/bin/%) $(HOST_OBJS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< \
	    $(call links,regress/fuzz/user/$*.c) \
	    $(LIBORDER:%=$(O)/lib/%.a) -lcmocka -ldl

fuzzers: $(KERNFUZZ) $(HOSTFUZZ)
tests: all $(if $(KTEST_OBJS),$(O)/ktest) $(STACKTESTS) $(UNITTESTS) $(ARCHTESTS)
kbench: $(if $(KBENCH_OBJS),$(O)/kbench) $(HOSTBENCH)

test:
	@tools/need build test
	@$(MAKE) all
	@$(MAKE) tests SAN=1 O=$(T)
	@$(MAKE) fuzzers FUZZ=1 O=$(F)
	@O=$(O) T=$(T) F=$(F) tools/run-tests all
unit stack lang system:
	@$(MAKE) all
	@$(MAKE) tests SAN=1 O=$(T)
	@O=$(O) T=$(T) tools/run-tests $@
fuzz:
	@tools/need build test
	@$(MAKE) fuzzers FUZZ=1 O=$(F)
	@O=$(F) tools/run-fuzz $(or $(SECONDS_EACH),600)
bench:
	@tools/need build test
	@$(MAKE) all kbench
	@O=$(O) tools/run-bench

.PHONY: test tests unit stack lang system fuzz fuzzers bench kbench
