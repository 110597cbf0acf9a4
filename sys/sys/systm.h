/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What every kernel file may use: bytes and strings, assertions, words to
 * the log, user memory.
 */

#ifndef _SYS_SYSTM_H_
#define _SYS_SYSTM_H_

#include <sys/types.h>
#include <sys/cdefs.h>
#include <sys/errno.h>

/* --- bytes: the compiler's own, so that small copies are inlined --- */
void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
#define memcpy(d, s, n)	 __builtin_memcpy((d), (s), (n))
#define memmove(d, s, n) __builtin_memmove((d), (s), (n))
#define memset(d, c, n)	 __builtin_memset((d), (c), (n))
#define memcmp(a, b, n)	 __builtin_memcmp((a), (b), (n))
/* Zeroes what the compiler must not optimise away (keys). */
void explicit_bzero(void *p, size_t len);
/* 0 if equal; takes the same time wherever they differ. */
int timingsafe_bcmp(const void *a, const void *b, size_t len);

/* --- strings --- */
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
/* Copy or append into dst[size], always terminated; the length wanted. */
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);
/* Decimal number, whole string, within min..max: 0, or EINVAL / ERANGE. */
int strtonum(const char *s, int64_t min, int64_t max, int64_t *v);
/* %d %i %u %x %X %o %c %s %p %% with width, precision, 0, -, l, ll, z, h, hh. */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* --- words to the log; a line each, cut at 240 bytes --- */
void log(int level, const char *fmt, ...) __printf(2, 3); /* <sys/log.h> */
void printf(const char *fmt, ...) __printf(1, 2); /* LOG_INFO */

void loginit(void);

/* Puts n elements of size bytes each (at most SORT_SIZE_MAX) in order: none is
 * less than the one before it.  Equal ones come in any order. */
#define SORT_SIZE_MAX 64
void sort(void *array, size_t n, size_t size, bool (*less)(const void *, const void *));

/* --- certainty (habit 16): proved, believed --- */
void panic(const char *fmt, ...) __dead __printf(1, 2);
void kassert_fail(const char *file, int line, const char *what) __dead;
#define KASSERT(e) \
	(__predict_true(e) ? (void)0 : kassert_fail(__FILE__, __LINE__, #e))
#ifdef DIAGNOSTIC
#define NEVER(e)  (__predict_false(e) ? (kassert_fail(__FILE__, __LINE__, #e), true) : false)
#else
#define NEVER(e)  __predict_false(e)
#endif
#define ALWAYS(e) (!NEVER(!(e)))
/* This code runs only with the token. */
#define ASSERT_TOKEN() KASSERT(token_held())
bool token_held(void);

/* --- user memory of the client in whose call we are: may sleep, and the
 * token is given away meanwhile, so nothing that another could change may be
 * held across.  0 or EFAULT (also when the client died). --- */
int copyin(uint64_t uaddr, void *kaddr, size_t len);
int copyout(const void *kaddr, uint64_t uaddr, size_t len);
/* At most max bytes with the NUL; ENAMETOOLONG without one. */
int copyinstr(uint64_t uaddr, char *kaddr, size_t max);

/* --- chance (kern_random.c: ChaCha20, reseeded from the host) --- */
uint32_t arc4random(void);
/* 0 .. bound-1 without bias; bound 0 gives 0. */
uint32_t arc4random_uniform(uint32_t bound);
void arc4random_buf(void *buf, size_t len);

#endif
