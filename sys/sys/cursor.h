/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The bounded cursor: how bytes from outside are read (habit 6).
 * Shared: daemons read messages with it as well.
 *
 * Each cur_*() reads at the front and moves on; when too little is left it
 * returns -1 and moves nothing.  Numbers are in network order on the wire
 * and come out in host order.
 */

#ifndef _SYS_CURSOR_H_
#define _SYS_CURSOR_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif

struct cursor {
	const uint8_t *p;
	size_t left;
};

static inline void
cur_init(struct cursor *c, const void *p, size_t len)
{
	c->p = (const uint8_t *)p;
	c->left = len;
}

static inline int
cur_skip(struct cursor *c, size_t len)
{
	if (c->left < len)
		return (-1);
	c->p += len;
	c->left -= len;
	return (0);
}

static inline int
cur_bytes(struct cursor *c, void *dst, size_t len)
{
	if (c->left < len)
		return (-1);
	__builtin_memcpy(dst, c->p, len);
	return (cur_skip(c, len));
}

static inline int
cur_u8(struct cursor *c, uint8_t *v)
{
	if (c->left < 1)
		return (-1);
	*v = *c->p;
	return (cur_skip(c, 1));
}

static inline int
cur_u16(struct cursor *c, uint16_t *v)
{
	if (c->left < 2)
		return (-1);
	*v = (uint16_t)(c->p[0] << 8 | c->p[1]);
	return (cur_skip(c, 2));
}

static inline int
cur_u32(struct cursor *c, uint32_t *v)
{
	if (c->left < 4)
		return (-1);
	*v = (uint32_t)c->p[0] << 24 | (uint32_t)c->p[1] << 16 |
	    (uint32_t)c->p[2] << 8 | c->p[3];
	return (cur_skip(c, 4));
}

static inline int
cur_u64(struct cursor *c, uint64_t *v)
{
	uint32_t hi, lo;

	if (c->left < 8 || cur_u32(c, &hi) == -1 || cur_u32(c, &lo) == -1)
		return (-1);
	*v = (uint64_t)hi << 32 | lo;
	return (0);
}

/* The next len bytes as a cursor of their own. */
static inline int
cur_sub(struct cursor *c, size_t len, struct cursor *sub)
{
	if (c->left < len)
		return (-1);
	sub->p = c->p;
	sub->left = len;
	return (cur_skip(c, len));
}

#endif
