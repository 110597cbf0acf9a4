/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routes come, change and go while memory runs short: all or nothing. */

#include <sys/systm.h>
#include <sys/socket.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <net/rtmsg.h>
#include <ktest.h>
#include <machine/kernel.h>

#define NROUTES 24

static struct rt_want
wanted(sa_family_t af, unsigned int i)
{
	struct rt_want w = { .af = af,
		.ifp = if_unit("lo0"),
		.flags = RTF_REJECT | RTF_STATIC };

	w.plen = (uint8_t)(8 + i % 17);
	w.dst.b[0] = af == AF_INET ? 10 : 0x20;
	w.dst.b[1] = w.plen > 8 ? (uint8_t)(i << 4) : 0;
	w.dst.b[2] = w.plen > 16 ? (uint8_t)i : 0;
	for (unsigned int bit = w.plen; bit < 128; bit++)
		w.dst.b[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
	return (w);
}

static void
family_run(sa_family_t af, bool there[NROUTES])
{
	struct rtentry *rt;
	struct rt_want w;
	int error;

	for (unsigned int i = 0; i < NROUTES; i++) {
		w = wanted(af, i);
		error = rtrequest_add(&w, &rt);
		there[i] = error == 0;
		KT(error == 0 || (error == ENOMEM && sim_failed()) ||
		    error == EEXIST);
	}
	for (unsigned int i = 0; i < NROUTES; i++) {
		w = wanted(af, i);
		rt = rtable_lookup(0, af, &w.dst, w.plen, RTP_ANY);
		if (rt == NULL) {
			KT(!there[i]);
			continue;
		}
		w.mtu = 1280 + i;
		error = rtrequest_change(rt, &w, 0);
		KT(error == 0 || (error == ENOMEM && sim_failed()));
		KT(rtable_lookup(0, af, &w.dst, w.plen, RTP_ANY) != NULL);
	}
}

static void
family_clear(sa_family_t af)
{
	struct rtentry *rt;
	struct rt_want w;

	for (unsigned int i = 0; i < NROUTES; i++) {
		w = wanted(af, i);
		if ((rt = rtable_lookup(0, af, &w.dst, w.plen, RTP_ANY)) !=
		    NULL)
			KT_EQ(rtrequest_delete(rt), 0);
		KT(rtable_lookup(0, af, &w.dst, w.plen, RTP_ANY) == NULL);
	}
}

KTEST_NTH(routes_short_of_memory)
{
	static const struct kernel_params params = { .hostname = "test" };
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	bool there[NROUTES];
	long live;

	KT_EQ(kernel_boot(&params), 0);
	for (size_t f = 0; f < nitems(families); f++) { /* what is made once */
		family_run(families[f], there);
		family_clear(families[f]);
	}
	kernel_step();
	live = sim_live();
	sim_fail_nth(n);
	for (size_t f = 0; f < nitems(families); f++) {
		family_run(families[f], there);
		family_clear(families[f]);
	}
	kernel_step();
	KT_EQ(sim_live(), live);
}
