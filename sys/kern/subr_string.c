/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Strings, and memory whose contents or comparison must not leak. */

#include <sys/systm.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

size_t
strlen(const char *s)
{
	const char *p = s;

	while (*p != '\0')
		p++;
	return ((size_t)(p - s));
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return (n);
}

int
strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; a++, b++, max--)
		if (*a != *b || *a == '\0')
			return ((unsigned char)*a - (unsigned char)*b);
	return (0);
}

int
strcmp(const char *a, const char *b)
{
	return (strncmp(a, b, SIZE_MAX));
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == '\0')
			return (NULL);
	return ((char *)(uintptr_t)s);
}

size_t
strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n;

	if (size > 0) {
		n = len < size ? len : size - 1;
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return (len);
}

size_t
strlcat(char *dst, const char *src, size_t size)
{
	size_t have = strnlen(dst, size);

	return (have + strlcpy(dst + have, src, size - have));
}

int
strtonum(const char *s, int64_t min, int64_t max, int64_t *v)
{
	bool negative = *s == '-';
	uint64_t n = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

	s += negative;
	if (*s == '\0')
		return (EINVAL);
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return (EINVAL);
		if (n > (limit - (uint64_t)(*s - '0')) / 10)
			return (ERANGE);
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*v = (int64_t)(negative ? -n : n);
	return (*v < min || *v > max ? ERANGE : 0);
}

void
explicit_bzero(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

int
timingsafe_bcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (; len > 0; len--)
		diff |= *x++ ^ *y++;
	return (diff != 0);
}
