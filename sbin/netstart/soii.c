/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The machine's secret for interface identifiers (RFC 7217), etc/soii.key: 32
 * hexadecimal digits in a file that only its owner reads.
 *
 * It is made when it is not there, so that a machine has the same addresses in
 * the same network whenever it is started, and nobody can tell them from what
 * else he knows of it.  Where it cannot be kept, one is made up for this time.
 */

#include <sys/random.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostname.h"

/* 32 digits, and nothing else but the end of the line.  0 or -1. */
static int
key_parse(const char *text, uint8_t key[SOII_KEYLEN])
{
	char byte[3] = "";

	for (size_t i = 0; i < SOII_KEYLEN; i++, text += 2) {
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return (-1);
		memcpy(byte, text, 2);
		key[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return (text[strspn(text, " \t\n")] == '\0' ? 0 : -1);
}

static int
key_read(int fd, uint8_t key[SOII_KEYLEN])
{
	char text[128];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n == -1)
		return (-1);
	text[n] = '\0';
	if (n == sizeof(text) - 1 || key_parse(text, key) == -1) {
		errno = EINVAL;
		return (-1);
	}
	return (0);
}

/* A whole file or none: it is written aside. */
static int
key_keep(const char *path, const uint8_t key[SOII_KEYLEN])
{
	char text[2 * SOII_KEYLEN + 2], aside[PATH_MAX + 8];
	ssize_t n;
	int fd;

	for (size_t i = 0; i < SOII_KEYLEN; i++)
		snprintf(text + 2 * i, 3, "%02x", key[i]);
	memcpy(text + 2 * SOII_KEYLEN, "\n", 2);
	snprintf(aside, sizeof(aside), "%s.new", path);
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	n = write(fd, text, sizeof(text) - 1);
	if (close(fd) == -1 || n != (ssize_t)sizeof(text) - 1 ||
	    rename(aside, path) == -1) {
		unlink(aside);
		return (-1);
	}
	return (0);
}

int
soii_key(const char *path, uint8_t key[SOII_KEYLEN])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	memset(key, 0, SOII_KEYLEN);
	if (fd != -1) {
		error = key_read(fd, key) == -1 ? errno : 0;
		close(fd);
		if (error == 0)
			return (0);
	} else if (errno != ENOENT)
		error = errno;
	if (getentropy(key, SOII_KEYLEN) == -1)
		return (errno);
	if (error == 0 && key_keep(path, key) == -1)
		error = errno;
	return (error);
}
