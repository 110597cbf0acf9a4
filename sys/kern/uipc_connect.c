/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * connect(2) of streams.
 *
 * Until the connection is there the program's end of the pair takes no bytes,
 * so that it is not writable, whoever polls.  The host has no switch for
 * that: the end must be full.  To fill a buffer of the usual size costs more
 * than the handshake with a neighbour; so the buffer is made small before,
 * and large again when the connection is there.  That needs the program's
 * end, which is kept for so long, but not for long (HOLD_US): as long as the
 * kernel has it nothing tells that its program has died.  A connection that
 * takes longer gets the large buffer with the next call about it (SS_SMALL).
 *
 * Life: soconnect() -> soconnect_over(), from soisconnected(),
 * soisdisconnected() or the end of the socket.
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/pool.h>
#include <sys/protosw.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <kern/syscall_priv.h>
#include <machine/host.h>

#define HOLD_US 2000

struct soconnect {
	struct socket *sc_so;
	struct callwait sc_wait; /* who waits for the answer, if anybody does */
	int sc_fd; /* the program's end, -1: it is not held */
	uint64_t sc_until; /* uptime in us */
	TAILQ_ENTRY(soconnect) sc_entry; /* while it is, in order of time */
};

static struct pool connect_pool;
static TAILQ_HEAD(, soconnect) held = TAILQ_HEAD_INITIALIZER(held);
static struct timeout held_timeout;
static int pair_size; /* of a program's end, when it is not small */

/* Those that take longer let their ends go. */
static void
held_run(void *arg)
{
	struct soconnect *sc;

	(void)arg;
	while ((sc = TAILQ_FIRST(&held)) != NULL &&
	    sc->sc_until <= uptime_us()) {
		TAILQ_REMOVE(&held, sc, sc_entry);
		host_close(sc->sc_fd);
		sc->sc_fd = -1;
		sc->sc_so->so_state |= SS_SMALL;
	}
	if (sc != NULL)
		timeout_at_us(&held_timeout, sc->sc_until);
}

void
soconnect_init(void)
{
	pool_init(&connect_pool, sizeof(struct soconnect), 0, "connect");
	timeout_set(&held_timeout, held_run, NULL);
}

/*
 * The program's end takes no more bytes.  That of a caller in this process
 * (tests) is its own: it is filled whatever that costs.
 */
static void
end_close(struct soconnect *sc, struct proc *p)
{
	int size;

	if (p->p_client->c_fd == -1 || (size = host_hold(p->p_fd)) < 0) {
		host_fill(p->p_fd);
		return;
	}
	pair_size = MAX(size, PAIR_BYTES);
	sc->sc_fd = p->p_fd;
	p->p_fd = -1;
	sc->sc_until = uptime_us() + HOLD_US;
	TAILQ_INSERT_TAIL(&held, sc, sc_entry);
	if (!timeout_pending(&held_timeout))
		timeout_at_us(&held_timeout, sc->sc_until);
}

static void
end_open(struct soconnect *sc)
{
	struct socket *so = sc->sc_so;

	if (so->so_file != NULL)
		host_drain(so->so_file->f_k, sc->sc_fd, pair_size);
	if (sc->sc_fd == -1)
		return;
	TAILQ_REMOVE(&held, sc, sc_entry);
	host_close(sc->sc_fd);
	if (TAILQ_EMPTY(&held))
		timeout_del(&held_timeout);
}

void
soconnect_small(struct socket *so, int fd)
{
	if ((so->so_state & (SS_SMALL | SS_CONNECTING)) != SS_SMALL)
		return;
	so->so_state &= (uint16_t)~SS_SMALL;
	host_hold_end(fd, pair_size);
}

/* Once more, while the first is under way. */
static int
connect_again(struct socket *so, struct proc *p, bool wait)
{
	if (!wait || so->so_connect == NULL ||
	    !callwait_begin(&so->so_connect->sc_wait, p))
		return (EALREADY);
	return (CALL_LATER);
}

int
soconnect(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p, bool wait)
{
	struct soconnect *sc;
	int error;

	if ((so->so_state & SS_LISTEN) != 0)
		return (EISCONN);
	if ((so->so_state & SS_CONNECTING) != 0)
		return (connect_again(so, p, wait));
	if ((so->so_state & SS_CONNECTED) != 0)
		return (EISCONN);
	if ((sc = pool_get(&connect_pool, PR_ZERO)) == NULL)
		return (ENOBUFS);
	*sc = (struct soconnect){ .sc_so = so, .sc_fd = -1 };
	so->so_error = 0;
	so->so_state |= SS_CONNECTING;
	so->so_connect = sc;
	error = so->so_proto->connect(so, sa, len, p);
	if (so->so_connect == NULL) /* it was over at once */
		return (error);
	if (error != EINPROGRESS) {
		so->so_state &= (uint16_t)~SS_CONNECTING;
		so->so_connect = NULL;
		pool_put(&connect_pool, sc);
		return (error);
	}
	end_close(sc, p);
	return (wait && callwait_begin(&sc->sc_wait, p) ? CALL_LATER : error);
}

void
soconnect_over(struct socket *so)
{
	struct soconnect *sc = so->so_connect;
	bool there = (so->so_state & SS_CONNECTED) != 0;
	int64_t value = 1;
	int error = 0;

	so->so_state &= (uint16_t)~SS_CONNECTING;
	if (sc == NULL) /* the protocol's hook was called without us */
		return;
	so->so_connect = NULL;
	if (sc->sc_wait.cw_client != NULL && !there) {
		error = so->so_error != 0 ? so->so_error : ECONNABORTED;
		so->so_error = 0;
	} else if (sc->sc_wait.cw_client != NULL &&
	    (so->so_state & SS_SMALL) != 0) {
		so->so_state &= (uint16_t)~SS_SMALL;
		value = pair_size;
	}
	end_open(sc);
	callwait_answer(&sc->sc_wait, error, value);
	pool_put(&connect_pool, sc);
}
