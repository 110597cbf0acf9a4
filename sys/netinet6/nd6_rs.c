/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * When a host solicits routers (RFC 4861 6.3.7, RFC 7559).
 *
 *	     link, no address            address           a router answers
 *	OFF ------------------> WAIT ---------------> ASK -----------------> DONE
 *	 \------------- link and address ------------->^ \-- 4 s, 8 s ... 1 h
 *	 ^
 *	 +--- the link went, or this is no host any more: from all states
 *
 * The first question waits up to a second, unless duplicate address detection
 * has waited already, so that machines that got power together do not ask
 * together.  Questions are repeated until somebody answers, ever more seldom:
 * a router that comes a day later is found within the hour, or speaks up
 * itself.  An answer that nobody asked for does not save the first question,
 * since it may say less (RFC 4861 6.3.7).
 *
 * One function, which reads no clock and draws no chance: nd6_rs_step().
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <netinet6/nd6_host.h>

#define RS_DELAY_us 1000000U   /* MAX_RTR_SOLICITATION_DELAY */
#define RS_IRT_us   4000000ULL /* RFC 7559 2 */
#define RS_MRT_us   3600000000ULL

/* RFC 8415 15: base, give or take a tenth of it. */
static uint64_t
rs_around(uint64_t base, uint64_t tenth_of, uint32_t chance)
{
	uint64_t tenth = tenth_of / 10;

	return (base - tenth + chance % (2 * tenth + 1));
}

/* --- actions: true, if one is to be sent --- */

static bool
rs_nothing(struct nd6_rs *rs, uint64_t now, uint32_t chance)
{
	return (false);
}

static bool
rs_rest(struct nd6_rs *rs, uint64_t now, uint32_t chance)
{
	rs->due_us = ND6_FOREVER;
	rs->interval_us = 0;
	rs->sent = 0;
	return (false);
}

static bool
rs_begin(struct nd6_rs *rs, uint64_t now, uint32_t chance)
{
	rs_rest(rs, now, chance);
	rs->due_us = now + chance % RS_DELAY_us;
	return (false);
}

static bool
rs_ask(struct nd6_rs *rs, uint64_t now, uint32_t chance)
{
	uint64_t last = rs->interval_us;

	if (last == 0)
		rs->interval_us = rs_around(RS_IRT_us, RS_IRT_us, chance);
	else
		rs->interval_us = rs_around(2 * last, last, chance);
	if (rs->interval_us > RS_MRT_us)
		rs->interval_us = rs_around(RS_MRT_us, RS_MRT_us, chance);
	rs->due_us = now + rs->interval_us;
	rs->sent++;
	return (true);
}

/* clang-format off */
static const struct rs_row {
	bool (*act)(struct nd6_rs *rs, uint64_t now, uint32_t chance);
	enum nd6_rs_state next;
} rs_rows[RS_NSTATES][RS_NEVENTS] = {
	[RS_OFF] = {
		[RS_EV_START]	= { rs_begin,	RS_ASK },
		[RS_EV_NOADDR]	= { rs_rest,	RS_WAIT },
		[RS_EV_READY]	= { rs_nothing, RS_OFF },
		[RS_EV_STOP]	= { rs_nothing, RS_OFF },
		[RS_EV_TIMEOUT] = { rs_nothing, RS_OFF },
		[RS_EV_ANSWER]	= { rs_nothing, RS_OFF },
	},
	[RS_WAIT] = {
		[RS_EV_START]	= { rs_begin,	RS_ASK },
		[RS_EV_NOADDR]	= { rs_rest,	RS_WAIT },
		[RS_EV_READY]	= { rs_ask,	RS_ASK },
		[RS_EV_STOP]	= { rs_rest,	RS_OFF },
		[RS_EV_TIMEOUT] = { rs_nothing, RS_WAIT },
		[RS_EV_ANSWER]	= { rs_nothing, RS_WAIT },
	},
	[RS_ASK] = {
		[RS_EV_START]	= { rs_begin,	RS_ASK },
		[RS_EV_NOADDR]	= { rs_rest,	RS_WAIT },
		[RS_EV_READY]	= { rs_nothing, RS_ASK },
		[RS_EV_STOP]	= { rs_rest,	RS_OFF },
		[RS_EV_TIMEOUT] = { rs_ask,	RS_ASK },
		[RS_EV_ANSWER]	= { rs_rest,	RS_DONE }, /* but see below */
	},
	[RS_DONE] = {
		[RS_EV_START]	= { rs_begin,	RS_ASK },
		[RS_EV_NOADDR]	= { rs_rest,	RS_WAIT },
		[RS_EV_READY]	= { rs_nothing, RS_DONE },
		[RS_EV_STOP]	= { rs_rest,	RS_OFF },
		[RS_EV_TIMEOUT] = { rs_nothing, RS_DONE },
		[RS_EV_ANSWER]	= { rs_nothing, RS_DONE },
	},
};
/* clang-format on */

bool
nd6_rs_step(struct nd6_rs *rs, enum nd6_rs_event ev, uint64_t now,
    uint32_t chance)
{
	const struct rs_row *row = &rs_rows[rs->state][ev];

	if (ev == RS_EV_TIMEOUT && rs->due_us > now)
		return (false);
	if (ev == RS_EV_ANSWER && rs->state == RS_ASK && rs->sent == 0)
		return (false);
	rs->state = row->next;
	return (row->act(rs, now, chance));
}
