/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ioctl numbers: encoded as the host's C library does. */

#ifndef _SYS_IOCCOM_H_
#define _SYS_IOCCOM_H_

#define IOCPARM_LEN(x) (((x) >> 16) & 0x3fff)
#define IOC_OUT	       0x80000000U /* the kernel writes */
#define IOC_IN	       0x40000000U /* the kernel reads */
#define IOC_INOUT      (IOC_IN | IOC_OUT)
#define _IOC_ENC(dir, g, n, len) \
	((unsigned long)((dir) | (((len) & 0x3fffU) << 16) | ((unsigned int)(g) << 8) | (n)))
#ifndef _IO
#define _IO(g, n)      _IOC_ENC(0U, g, n, 0)
#define _IOR(g, n, t)  _IOC_ENC(IOC_OUT, g, n, sizeof(t))
#define _IOW(g, n, t)  _IOC_ENC(IOC_IN, g, n, sizeof(t))
#define _IOWR(g, n, t) _IOC_ENC(IOC_INOUT, g, n, sizeof(t))
#endif

#endif
