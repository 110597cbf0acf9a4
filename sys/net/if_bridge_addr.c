/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Where stations are: the addresses a bridge has learned, or was told.
 *
 * Found by a keyed hash, since senders choose their addresses.  Learned ones
 * stand in order of when they were last heard, so that aging looks at the
 * first only; static ones neither age nor move.  When there is no room, a
 * new station is not learned: frames for it go to all, as before.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_bridge_priv.h>

static unsigned int
hash_of(const struct bridge_softc *sc, const uint8_t lladdr[6])
{
	uint64_t word = 0;

	memcpy(&word, lladdr, 6);
	return ((unsigned int)(siphash24_words(&sc->sc_key, &word, 1) %
	    BRIDGE_HASH));
}

static struct bridge_addr *
addr_find(struct bridge_softc *sc, const uint8_t lladdr[6])
{
	struct bridge_addr *ba;

	LIST_FOREACH(ba, &sc->sc_hash[hash_of(sc, lladdr)], ba_hash)
		if (memcmp(ba->ba_lladdr, lladdr, 6) == 0)
			return (ba);
	return (NULL);
}

static struct bridge_addrs *
addr_list(struct bridge_softc *sc, const struct bridge_addr *ba)
{
	return ((ba->ba_flags & IFBAF_STATIC) != 0 ? &sc->sc_static :
						     &sc->sc_addrs);
}

static void
addr_remove(struct bridge_softc *sc, struct bridge_addr *ba)
{
	TAILQ_REMOVE(addr_list(sc, ba), ba, ba_entry);
	LIST_REMOVE(ba, ba_hash);
	ba->ba_port->bp_addrs--;
	sc->sc_naddrs--;
	free(ba, M_IFNET, sizeof(*ba));
}

static struct bridge_addr *
addr_add(struct bridge_port *bp, const uint8_t lladdr[6], uint32_t flags)
{
	struct bridge_softc *sc = bp->bp_sc;
	struct bridge_addr *ba;

	if ((ba = malloc(sizeof(*ba), M_IFNET, M_ZERO)) == NULL)
		return (NULL);
	memcpy(ba->ba_lladdr, lladdr, 6);
	ba->ba_port = bp;
	ba->ba_flags = flags;
	ba->ba_heard_us = uptime_us();
	LIST_INSERT_HEAD(&sc->sc_hash[hash_of(sc, lladdr)], ba, ba_hash);
	TAILQ_INSERT_TAIL(addr_list(sc, ba), ba, ba_entry);
	bp->bp_addrs++;
	sc->sc_naddrs++;
	return (ba);
}

/* --- age --- */

static void
age_run(void *arg)
{
	struct bridge_softc *sc = arg;
	uint64_t us = sc->sc_timeout * 1000000ULL;
	struct bridge_addr *ba;

	if (us == 0)
		return;
	while ((ba = TAILQ_FIRST(&sc->sc_addrs)) != NULL &&
	    ba->ba_heard_us + us <= uptime_us())
		addr_remove(sc, ba);
	if (ba != NULL)
		timeout_at_us(&sc->sc_age, ba->ba_heard_us + us);
}

void
bridge_addrinit(struct bridge_softc *sc)
{
	for (size_t i = 0; i < BRIDGE_HASH; i++)
		LIST_INIT(&sc->sc_hash[i]);
	TAILQ_INIT(&sc->sc_addrs);
	TAILQ_INIT(&sc->sc_static);
	arc4random_buf(&sc->sc_key, sizeof(sc->sc_key));
	timeout_set(&sc->sc_age, age_run, sc);
	sc->sc_maxaddr = BRIDGE_MAXADDR;
	sc->sc_timeout = BRIDGE_TIMEOUT;
}

/* --- frames --- */

struct bridge_port *
bridge_addr_find(struct bridge_softc *sc, const uint8_t lladdr[6])
{
	const struct bridge_addr *ba = addr_find(sc, lladdr);

	return (ba != NULL ? ba->ba_port : NULL);
}

void
bridge_addr_learn(struct bridge_port *bp, const uint8_t lladdr[6])
{
	struct bridge_softc *sc = bp->bp_sc;
	struct bridge_addr *ba = addr_find(sc, lladdr);

	if (ba != NULL && (ba->ba_flags & IFBAF_STATIC) != 0)
		return;
	if (ba != NULL) {
		ba->ba_port->bp_addrs--;
		bp->bp_addrs++;
		ba->ba_port = bp;
		ba->ba_heard_us = uptime_us();
		TAILQ_REMOVE(&sc->sc_addrs, ba, ba_entry);
		TAILQ_INSERT_TAIL(&sc->sc_addrs, ba, ba_entry);
		return;
	}
	if (sc->sc_naddrs >= sc->sc_maxaddr || addr_add(bp, lladdr, 0) == NULL)
		return;
	if (sc->sc_timeout != 0 && !timeout_pending(&sc->sc_age))
		timeout_add_sec(&sc->sc_age, sc->sc_timeout);
}

/* --- by hand --- */

int
bridge_addr_static(struct bridge_port *bp, const uint8_t lladdr[6])
{
	struct bridge_softc *sc = bp->bp_sc;
	struct bridge_addr *old = addr_find(sc, lladdr);

	if (old == NULL && sc->sc_naddrs >= sc->sc_maxaddr)
		return (ENOSPC);
	if (addr_add(bp, lladdr, IFBAF_STATIC) == NULL)
		return (ENOMEM);
	if (old != NULL)
		addr_remove(sc, old);
	return (0);
}

int
bridge_addr_delete(struct bridge_softc *sc, const uint8_t lladdr[6])
{
	struct bridge_addr *ba = addr_find(sc, lladdr);

	if (ba == NULL)
		return (ENOENT);
	addr_remove(sc, ba);
	return (0);
}

static void
list_flush(struct bridge_softc *sc, struct bridge_addrs *list,
    const struct bridge_port *bp)
{
	struct bridge_addr *ba, *next;

	TAILQ_FOREACH_SAFE(ba, list, ba_entry, next)
		if (bp == NULL || ba->ba_port == bp)
			addr_remove(sc, ba);
}

void
bridge_addr_flush(struct bridge_softc *sc, const struct bridge_port *bp,
    bool statics)
{
	list_flush(sc, &sc->sc_addrs, bp);
	if (statics)
		list_flush(sc, &sc->sc_static, bp);
}

void
bridge_addr_limit(struct bridge_softc *sc, uint32_t max)
{
	struct bridge_addr *ba;

	sc->sc_maxaddr = max;
	while (sc->sc_naddrs > max && (ba = TAILQ_FIRST(&sc->sc_addrs)) != NULL)
		addr_remove(sc, ba);
}

void
bridge_addr_timeout(struct bridge_softc *sc, uint32_t seconds)
{
	sc->sc_timeout = seconds;
	timeout_del(&sc->sc_age);
	age_run(sc);
}
