/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Programs that a preloaded library cannot reach.
 *
 * The usual way to a machine's sockets is this library in front of the C library.
 * A program that is linked statically has no such front, one that the loader
 * starts with more rights than its caller's is not given the library, one with
 * another C library cannot load it, and what the compiler of Go makes calls the
 * host's kernel by itself.  All of these would work on the host's network and not say so; here they are found
 * by what stands in their files, and are given a supervisor (exec.c, bsdctl(8)).
 */

#include <sys/stat.h>
#include <sys/xattr.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"

#define SEGMENTS_MAX 64
#define NOTES_MAX    4096
#define SCRIPTS_MAX  4 /* interpreters that are scripts */

bool
bsd_program_path(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/') != NULL) {
		snprintf(buf, size, "%s", name);
		return (true);
	}
	for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
		end = path + strcspn(path, ":");
		snprintf(buf, size, "%.*s/%s", end > path ? (int)(end - path) : 1, end > path ? path : ".", name);
		if (access(buf, X_OK) == 0)
			return (true);
	}
	return (false);
}

/* Does a segment of notes hold one whose owner is Go? */
static bool
notes_of_go(int fd, const Elf64_Phdr *ph)
{
	uint64_t words[NOTES_MAX / sizeof(uint64_t)];
	const char *buf = (const char *)words;
	Elf64_Nhdr nh;
	size_t at = 0, len;
	ssize_t n;

	len = ph->p_filesz < sizeof(words) ? (size_t)ph->p_filesz : sizeof(words);
	if ((n = pread(fd, words, len, (off_t)ph->p_offset)) < 0)
		return (false);
	while (at + sizeof(nh) + 4 <= (size_t)n) {
		memcpy(&nh, buf + at, sizeof(nh));
		if (nh.n_namesz == 4 && memcmp(buf + at + sizeof(nh), "Go\0", 4) == 0)
			return (true);
		if (nh.n_namesz > NOTES_MAX || nh.n_descsz > NOTES_MAX)
			return (false);
		at += sizeof(nh) + ((nh.n_namesz + 3) & ~3U) + ((nh.n_descsz + 3) & ~3U);
	}
	return (false);
}

/* Is it started by a loader that is not the GNU C library's? */
static bool
other_loader(int fd, const Elf64_Phdr *ph)
{
	char path[256] = "";
	const char *name;
	ssize_t n;

	if (ph->p_filesz >= sizeof(path) || (n = pread(fd, path, (size_t)ph->p_filesz, (off_t)ph->p_offset)) <= 0)
		return (false);
	path[n] = '\0';
	name = strrchr(path, '/');
	return (strncmp(name != NULL ? name + 1 : path, "ld-linux", 8) != 0);
}

static const char *
elf_judge(int fd, const Elf64_Ehdr *eh, enum bsd_program *kind)
{
	Elf64_Phdr ph[SEGMENTS_MAX];
	size_t n = eh->e_phnum < SEGMENTS_MAX ? eh->e_phnum : SEGMENTS_MAX;
	bool interpreted = false, go = false, other = false;

	if (eh->e_ident[EI_CLASS] != ELFCLASS64) {
		*kind = BSD_PROGRAM_FOREIGN;
		return ("is not a program of 64 bits");
	}
	if (eh->e_phentsize != sizeof(ph[0]) || pread(fd, ph, n * sizeof(ph[0]), (off_t)eh->e_phoff) != (ssize_t)(n * sizeof(ph[0])))
		return (NULL); /* execve(2) will say what is wrong with it */
	for (size_t i = 0; i < n; i++) {
		interpreted = interpreted || ph[i].p_type == PT_INTERP;
		other = other || (ph[i].p_type == PT_INTERP && other_loader(fd, &ph[i]));
		go = go || (ph[i].p_type == PT_NOTE && notes_of_go(fd, &ph[i]));
	}
	*kind = go || !interpreted ? BSD_PROGRAM_DIRECT : BSD_PROGRAM_USUAL;
	if (other) {
		*kind = BSD_PROGRAM_ALIEN;
		return ("is linked with another C library");
	}
	if (go)
		return ("is made by Go and does not call the C library");
	return (interpreted ? NULL : "is linked statically");
}

/* Will it have rights that we do not? */
static bool
gains_rights(const char *path, const struct stat *st)
{
	char caps[64];

	if (((st->st_mode & S_ISUID) != 0 && st->st_uid != getuid()) || ((st->st_mode & S_ISGID) != 0 && st->st_gid != getgid()))
		return (true);
	return (getuid() != 0 && getxattr(path, "security.capability", caps, sizeof(caps)) > 0);
}

/* The first line of a script names another program.  False: it is none. */
static bool
script_program(const char *head, ssize_t n, char *buf, size_t size)
{
	const char *p = head + 2;
	size_t len;

	if (n < 3 || head[0] != '#' || head[1] != '!')
		return (false);
	p += strspn(p, " \t");
	len = strcspn(p, " \t\n");
	if (len == 0 || len >= size)
		return (false);
	memcpy(buf, p, len);
	buf[len] = '\0';
	return (true);
}

static const char *
file_judge(const char *file, int depth, enum bsd_program *kind)
{
	union {
		Elf64_Ehdr eh;
		char text[256];
	} head;
	char next[PATH_MAX];
	const char *why = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = native.open(file, O_RDONLY | O_CLOEXEC)) == -1)
		return (NULL);
	memset(&head, 0, sizeof(head));
	n = pread(fd, &head, sizeof(head) - 1, 0);
	if (n >= (ssize_t)sizeof(head.eh) && memcmp(head.eh.e_ident, ELFMAG, SELFMAG) == 0) {
		why = elf_judge(fd, &head.eh, kind);
		if (*kind != BSD_PROGRAM_FOREIGN && fstat(fd, &st) == 0 && gains_rights(file, &st)) {
			*kind = BSD_PROGRAM_RIGHTS;
			why = "gets more rights than its caller, so that nothing is preloaded";
		}
	} else if (depth < SCRIPTS_MAX && script_program(head.text, n, next, sizeof(next))) {
		why = file_judge(next, depth + 1, kind);
	}
	native.close(fd);
	return (why);
}

const char *
bsd_program_judge(const char *name, enum bsd_program *kind)
{
	char path[PATH_MAX];

	native_init();
	*kind = BSD_PROGRAM_USUAL;
	return (bsd_program_path(name, path, sizeof(path)) ? file_judge(path, 0, kind) : NULL);
}
