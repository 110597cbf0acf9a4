/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What a kernel-side test says when it fails: for both runners. */

#include <ktest.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
kt_check(bool ok, const char *file, int line, const char *what)
{
	if (ok)
		return;
	printf("# %s:%d: not true: %s\n", file, line, what);
	fflush(stdout);
	_exit(1);
}

void
kt_equal(int64_t got, int64_t want, const char *file, int line,
    const char *what)
{
	if (got == want)
		return;
	printf("# %s:%d: %s: got %lld (0x%llx), want %lld (0x%llx)\n", file,
	    line, what, (long long)got, (long long)got, (long long)want,
	    (long long)want);
	fflush(stdout);
	_exit(1);
}

void
kt_string(const char *got, const char *want, const char *file, int line)
{
	if (strcmp(got, want) == 0)
		return;
	printf("# %s:%d: got \"%s\", want \"%s\"\n", file, line, got, want);
	fflush(stdout);
	_exit(1);
}
