/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a program's file says about it: whether the library reaches it.  Files of
 * every kind, and files that lie about themselves.
 */

#include <sys/prctl.h>
#include <sys/stat.h>
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bsdsys.h"

static char dir[] = "/tmp/fugu-program.XXXXXX";
static char path[64];

/* An ELF file that is put together piece by piece. */
static struct {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	char rest[4096];
} file;
static size_t used; /* of rest */

static void
elf(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.eh.e_ident, ELFMAG, SELFMAG);
	file.eh.e_ident[EI_CLASS] = ELFCLASS64;
	file.eh.e_phoff = sizeof(file.eh);
	file.eh.e_phentsize = sizeof(file.ph[0]);
	used = 0;
}

static Elf64_Phdr *
segment(unsigned int type, const void *data, size_t len)
{
	Elf64_Phdr *ph = &file.ph[file.eh.e_phnum++];

	memcpy(file.rest + used, data, len);
	*ph = (Elf64_Phdr){ .p_type = type, .p_offset = offsetof(__typeof__(file), rest) + used, .p_filesz = len };
	used += (len + 7) & ~(size_t)7;
	return (ph);
}

static void
loader(const char *name)
{
	segment(PT_INTERP, name, strlen(name) + 1);
}

static void
note(uint32_t namesz, uint32_t descsz, const char *name)
{
	struct {
		Elf64_Nhdr nh;
		char name[8];
	} n = { { namesz, descsz, 4 }, "" };

	strncpy(n.name, name, sizeof(n.name) - 1);
	segment(PT_NOTE, &n, sizeof(n));
}

static void
put(const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	assert_true(fd != -1);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
expect(enum bsd_program kind, const char *words)
{
	enum bsd_program is = (enum bsd_program)99;
	const char *why = bsd_program_judge(path, &is);

	assert_int_equal(is, kind);
	if (words == NULL)
		assert_null(why);
	else
		assert_non_null(strstr(why, words));
}

static void
expect_elf(enum bsd_program kind, const char *words)
{
	put(&file, sizeof(file), 0755);
	expect(kind, words);
}

static void
kinds(void **state)
{
	(void)state;
	elf();
	loader("/lib64/ld-linux-x86-64.so.2");
	expect_elf(BSD_PROGRAM_USUAL, NULL);
	note(4, 16, "GNU");
	expect_elf(BSD_PROGRAM_USUAL, NULL);
	note(4, 0, "Go");
	expect_elf(BSD_PROGRAM_DIRECT, "made by Go");
	elf();
	note(4, 0, "GNU");
	expect_elf(BSD_PROGRAM_DIRECT, "linked statically");
	elf();
	loader("/lib/ld-musl-x86_64.so.1");
	expect_elf(BSD_PROGRAM_ALIEN, "another C library");
	elf();
	loader("linker64");
	expect_elf(BSD_PROGRAM_ALIEN, "another C library");
	elf();
	file.eh.e_ident[EI_CLASS] = ELFCLASS32;
	loader("/lib/ld-linux.so.2");
	expect_elf(BSD_PROGRAM_FOREIGN, "64 bits");
}

static void
lies(void **state)
{
	(void)state;
	elf();
	loader("/lib64/ld-linux-x86-64.so.2");
	file.ph[0].p_filesz = ~0UL; /* longer than any name */
	expect_elf(BSD_PROGRAM_USUAL, NULL);
	file.ph[0].p_filesz = 4;
	file.ph[0].p_offset = ~0UL;
	expect_elf(BSD_PROGRAM_USUAL, NULL);
	elf();
	note(0xfffffffc, 0, "Go"); /* would go round */
	expect_elf(BSD_PROGRAM_DIRECT, "linked statically");
	elf();
	note(8, 0xffffffff, "Go");
	file.ph[0].p_filesz = ~0UL;
	expect_elf(BSD_PROGRAM_DIRECT, "linked statically");
	elf();
	note(4, 0, "Go");
	file.ph[0].p_filesz = 14; /* ends in the name */
	expect_elf(BSD_PROGRAM_DIRECT, "linked statically");
	elf();
	file.eh.e_phnum = 0xffff; /* more than are there */
	expect_elf(BSD_PROGRAM_DIRECT, "linked statically");
	file.eh.e_phoff = ~0UL;
	expect_elf(BSD_PROGRAM_USUAL, NULL); /* execve(2) refuses it */
	elf();
	file.eh.e_phentsize = 1;
	expect_elf(BSD_PROGRAM_USUAL, NULL);
	put(&file, sizeof(file.eh) - 1, 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
	put("", 0, 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
}

static void
scripts(void **state)
{
	char text[128];

	(void)state;
	put("#! /bin/sh -e\n", 14, 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
	snprintf(text, sizeof(text), "#!%s\n", path); /* its own interpreter */
	put(text, strlen(text), 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
	put("#!\n", 3, 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
	put("#!/nowhere/to/be/found", 22, 0755);
	expect(BSD_PROGRAM_USUAL, NULL);
}

static void
rights(void **state)
{
	(void)state;
	elf();
	loader("/lib64/ld-linux-x86-64.so.2");
	put(&file, sizeof(file), 04755); /* one's own user */
	expect(BSD_PROGRAM_USUAL, NULL);
	if (getuid() != 0 || chown(path, 65534, 65534) != 0)
		return;
	assert_int_equal(chmod(path, 04755), 0);
	expect(BSD_PROGRAM_RIGHTS, "more rights");
	assert_int_equal(chmod(path, 02755), 0);
	expect(BSD_PROGRAM_RIGHTS, "more rights");
	file.eh.e_ident[EI_CLASS] = ELFCLASS32;
	put(&file, sizeof(file), 04755);
	expect(BSD_PROGRAM_FOREIGN, "64 bits");
}

static void
names(void **state)
{
	enum bsd_program kind;
	char buf[128];

	(void)state;
	elf();
	put(&file, sizeof(file), 0755);
	setenv("PATH", "/nowhere", 1);
	assert_false(bsd_program_path("program", buf, sizeof(buf)));
	assert_null(bsd_program_judge("program", &kind));
	assert_int_equal(kind, BSD_PROGRAM_USUAL);
	snprintf(buf, sizeof(buf), "/nowhere:%s", dir);
	setenv("PATH", buf, 1);
	assert_true(bsd_program_path("program", buf, sizeof(buf)));
	assert_string_equal(buf, path);
	assert_non_null(bsd_program_judge("program", &kind));
	assert_int_equal(kind, BSD_PROGRAM_DIRECT);
	assert_int_equal(chmod(path, 0644), 0); /* nothing to execute */
	assert_false(bsd_program_path("program", buf, sizeof(buf)));
	assert_true(bsd_program_path("./x", buf, sizeof(buf)));
	assert_string_equal(buf, "./x");
	setenv("PATH", "/nowhere:", 1); /* an empty name is this folder */
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chdir(dir), 0);
	assert_true(bsd_program_path("program", buf, sizeof(buf)));
	assert_string_equal(buf, "./program");
	assert_int_equal(chdir("/"), 0);
	unsetenv("PATH");
	assert_false(bsd_program_path("program", buf, sizeof(buf)));
}

static void
below_nobody(void **state)
{
	(void)state;
	unsetenv("BSD_SUPERVISED");
	assert_false(bsd_supervised());
	setenv("BSD_ROOT", "/a", 1);
	setenv("BSD_SUPERVISED", "/b", 1);
	assert_false(bsd_supervised());
	setenv("BSD_SUPERVISED", "/a", 1); /* said, but is there a filter? */
	assert_true(bsd_supervised() == (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2));
}

static int
made(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return (-1);
	snprintf(path, sizeof(path), "%s/program", dir);
	return (0);
}

static int
gone(void **state)
{
	(void)state;
	unlink(path);
	return (rmdir(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(lies),
		cmocka_unit_test(scripts),
		cmocka_unit_test(rights),
		cmocka_unit_test(names),
		cmocka_unit_test(below_nobody),
	};

	return (cmocka_run_group_tests(tests, made, gone));
}
