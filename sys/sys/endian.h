/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Byte order.  be16dec() and friends read and write unaligned memory. */

#ifndef _SYS_ENDIAN_H_
#define _SYS_ENDIAN_H_

#include <sys/types.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian hosts only");

#define htons(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define ntohs(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define htonl(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))
#define ntohl(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))
#define htobe64(x) ((uint64_t)__builtin_bswap64((uint64_t)(x)))
#define betoh64(x) ((uint64_t)__builtin_bswap64((uint64_t)(x)))
#define htole32(x) ((uint32_t)(x))
#define htole64(x) ((uint64_t)(x))

static inline uint16_t
be16dec(const void *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return (ntohs(v));
}

static inline uint32_t
be32dec(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return (ntohl(v));
}

static inline uint64_t
be64dec(const void *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return (betoh64(v));
}

static inline void
be16enc(void *p, uint16_t v)
{
	v = htons(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void
be32enc(void *p, uint32_t v)
{
	v = htonl(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void
be64enc(void *p, uint64_t v)
{
	v = htobe64(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif
