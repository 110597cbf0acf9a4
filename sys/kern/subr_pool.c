/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Pools.
 *
 * Objects are cut from pages of 16 KiB that are aligned to their size, so
 * the page of an object is found by masking its address.  A page stands in
 * one of three lists: empty, partial, full; objects are taken from partial
 * pages first, so that others become empty and can go back to the host.
 * A few empty pages are kept against a load that swings.
 *
 * Free objects of a page are linked through their first word.
 *
 * Objects of which a page holds no four are allocations of their own.  A few
 * megabytes of those that come back are kept, the last one first: the host
 * would take their memory away and have to clear it anew for the next user.
 *
 * Pages come from slabs, which all pools share: a page by itself would cost
 * the host half of its size again for its alignment.  A slab has 1 MiB, of
 * which the host gives what is touched.  A pool that has grown takes further
 * pages from slabs of 2 MiB that the host may back by one large page of its
 * own: millions of objects in random order would else miss the TLB each time.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <machine/host.h>

#define PAGE_BYTES (16 * 1024UL)
#define KEEP_EMPTY 8
#define SMALL_SLAB (1024 * 1024UL)
#define LARGE_SLAB (2048 * 1024UL)
#define LARGE_FROM 128 /* pages of a pool that are of small slabs */
#ifdef POOL_DEBUG
#define SPARE_BYTES 0UL
#else
#define SPARE_BYTES (8 * 1024 * 1024UL)
#endif

struct pool_free {
	struct pool_free *next;
};

struct pool_page {
	TAILQ_ENTRY(pool_page) entry;
	struct pool_free *free;
	unsigned int inuse;
	unsigned int fresh; /* objects never handed out, behind the others */
	struct slab_size *size; /* of its slab */
};

/* Stands in the first page of its slab, which is no pool's. */
struct pool_slab {
	LIST_ENTRY(pool_slab) entry; /* while it has pages to give */
	struct pool_free *free;
	unsigned int inuse, fresh;
};
struct slab_size {
	unsigned long bytes; /* and alignment */
	LIST_HEAD(, pool_slab) slabs; /* that have pages to give */
};
static struct slab_size small = { .bytes = SMALL_SLAB },
			large = { .bytes = LARGE_SLAB };

static LIST_HEAD(, pool) pools = LIST_HEAD_INITIALIZER(pools);

static size_t
header_size(const struct pool *pp)
{
	return ((sizeof(struct pool_page) + pp->pr_align - 1) &
	    ~(pp->pr_align - 1));
}

void
pool_init(struct pool *pp, size_t size, size_t align, const char *name)
{
	struct pool *last;

	memset(pp, 0, sizeof(*pp));
	pp->pr_name = name;
	pp->pr_align = align == 0 ? 8 : align;
	KASSERT((pp->pr_align & (pp->pr_align - 1)) == 0);
	size = MAX(size, sizeof(struct pool_free));
	pp->pr_size = (size + pp->pr_align - 1) & ~(pp->pr_align - 1);
	pp->pr_perpage = (unsigned int)((PAGE_BYTES - header_size(pp)) /
	    pp->pr_size);
	TAILQ_INIT(&pp->pr_partial);
	TAILQ_INIT(&pp->pr_empty);
	TAILQ_INIT(&pp->pr_full);
	if (LIST_EMPTY(&pools)) {
		LIST_INSERT_HEAD(&pools, pp, pr_list);
		return;
	}
	for (last = LIST_FIRST(&pools); LIST_NEXT(last, pr_list) != NULL;)
		last = LIST_NEXT(last, pr_list);
	LIST_INSERT_AFTER(last, pp, pr_list);
}

#ifdef POOL_DEBUG
#define POOL_SINGLE(pp) true
#else
#define POOL_SINGLE(pp) ((pp)->pr_perpage < 4)
#endif

void
pool_destroy(struct pool *pp)
{
	KASSERT(pp->pr_inuse == 0);
	pool_reclaim(pp);
	LIST_REMOVE(pp, pr_list);
}

/* --- slabs --- */

static struct pool_slab *
slab_add(struct slab_size *size)
{
	struct pool_slab *sl = host_alloc(size->bytes, size->bytes);

	if (sl == NULL)
		return (NULL);
	sl->free = NULL;
	sl->inuse = 0;
	sl->fresh = (unsigned int)(size->bytes / PAGE_BYTES) - 1;
	LIST_INSERT_HEAD(&size->slabs, sl, entry);
	return (sl);
}

static struct pool_page *
slab_take(struct slab_size *size)
{
	struct pool_slab *sl = LIST_FIRST(&size->slabs);
	struct pool_page *pg;
	struct pool_free *f;

	if (sl == NULL && (sl = slab_add(size)) == NULL)
		return (NULL);
	sl->inuse++;
	if ((f = sl->free) != NULL)
		sl->free = f->next;
	else
		f = (struct pool_free *)((char *)sl +
		    (size->bytes / PAGE_BYTES - sl->fresh--) * PAGE_BYTES);
	if (sl->free == NULL && sl->fresh == 0)
		LIST_REMOVE(sl, entry);
	pg = (struct pool_page *)(void *)f;
	pg->size = size;
	return (pg);
}

static void
slab_give(struct pool_page *pg)
{
	struct slab_size *size = pg->size;
	struct pool_slab *sl = (struct pool_slab *)((uintptr_t)pg &
	    ~(size->bytes - 1));
	struct pool_free *f = (struct pool_free *)(void *)pg;

	if (sl->free == NULL && sl->fresh == 0)
		LIST_INSERT_HEAD(&size->slabs, sl, entry);
	f->next = sl->free;
	sl->free = f;
	if (--sl->inuse > 0)
		return;
	LIST_REMOVE(sl, entry);
	host_free(sl, size->bytes);
}

/* --- pages --- */

static struct pool_page *
page_add(struct pool *pp)
{
	struct pool_page *pg = NULL;

	if (pp->pr_npages >= LARGE_FROM)
		pg = slab_take(&large);
	if (pg == NULL && (pg = slab_take(&small)) == NULL)
		return (NULL);
	pg->free = NULL;
	pg->inuse = 0;
	pg->fresh = pp->pr_perpage;
	pp->pr_npages++;
	return (pg);
}

static void *
page_take(struct pool *pp, struct pool_page *pg)
{
	struct pool_free *obj = pg->free;

	pg->inuse++;
	if (obj != NULL) {
		pg->free = obj->next;
		return (obj);
	}
	pg->fresh--;
	return ((char *)pg + header_size(pp) + pg->fresh * pp->pr_size);
}

static void *
object_take(struct pool *pp)
{
	struct pool_page *pg;
	void *obj;

	if ((pg = TAILQ_FIRST(&pp->pr_partial)) == NULL) {
		if ((pg = TAILQ_FIRST(&pp->pr_empty)) != NULL) {
			TAILQ_REMOVE(&pp->pr_empty, pg, entry);
			pp->pr_nempty--;
		} else if ((pg = page_add(pp)) == NULL) {
			return (NULL);
		}
		TAILQ_INSERT_HEAD(&pp->pr_partial, pg, entry);
	}
	obj = page_take(pp, pg);
	if (pg->inuse == pp->pr_perpage) {
		TAILQ_REMOVE(&pp->pr_partial, pg, entry);
		TAILQ_INSERT_HEAD(&pp->pr_full, pg, entry);
	}
	return (obj);
}

/* --- large objects --- */

static void *
single_take(struct pool *pp)
{
	struct pool_free *obj = pp->pr_spare;

	if (obj == NULL)
		return (host_alloc(pp->pr_size, MAX(pp->pr_align, 16)));
	pp->pr_spare = obj->next;
	pp->pr_nspare--;
	return (obj);
}

static void
single_give(struct pool *pp, void *obj)
{
	struct pool_free *f = obj;

	if ((pp->pr_nspare + 1) * pp->pr_size > SPARE_BYTES) {
		host_free(obj, pp->pr_size);
		return;
	}
	f->next = pp->pr_spare;
	pp->pr_spare = f;
	pp->pr_nspare++;
}

/* --- for all --- */

void *
pool_get(struct pool *pp, int flags)
{
	void *obj = NULL;

	if (pp->pr_limit == 0 || pp->pr_inuse < pp->pr_limit)
		obj = POOL_SINGLE(pp) ? single_take(pp) : object_take(pp);
	if (obj == NULL) {
		pp->pr_fails++;
		return (NULL);
	}
	pp->pr_gets++;
	pp->pr_inuse++;
	pp->pr_high = MAX(pp->pr_high, pp->pr_inuse);
	if ((flags & PR_ZERO) != 0)
		memset(obj, 0, pp->pr_size);
	return (obj);
}

static void
page_free(struct pool *pp, struct pool_page *pg)
{
	pp->pr_npages--;
	slab_give(pg);
}

static void
object_give(struct pool *pp, void *obj)
{
	struct pool_page *pg = (struct pool_page *)((uintptr_t)obj &
	    ~(PAGE_BYTES - 1));
	struct pool_free *f = obj;

	KASSERT(pg->inuse > 0);
	if (pg->inuse == pp->pr_perpage) {
		TAILQ_REMOVE(&pp->pr_full, pg, entry);
		TAILQ_INSERT_TAIL(&pp->pr_partial, pg, entry);
	}
	f->next = pg->free;
	pg->free = f;
	if (--pg->inuse > 0)
		return;
	TAILQ_REMOVE(&pp->pr_partial, pg, entry);
	if (pp->pr_nempty < KEEP_EMPTY) {
		TAILQ_INSERT_HEAD(&pp->pr_empty, pg, entry);
		pp->pr_nempty++;
	} else {
		page_free(pp, pg);
	}
}

void
pool_put(struct pool *pp, void *obj)
{
	KASSERT(obj != NULL && pp->pr_inuse > 0);
	pp->pr_inuse--;
	pp->pr_puts++;
	if (POOL_SINGLE(pp))
		single_give(pp, obj);
	else
		object_give(pp, obj);
}

int
pool_sethardlimit(struct pool *pp, uint64_t n)
{
	if (n != 0 && pp->pr_inuse > n)
		return (EBUSY);
	pp->pr_limit = n;
	return (0);
}

void
pool_reclaim(struct pool *pp)
{
	struct pool_free *obj;
	struct pool_page *pg;

	while ((obj = pp->pr_spare) != NULL) {
		pp->pr_spare = obj->next;
		pp->pr_nspare--;
		host_free(obj, pp->pr_size);
	}
	while ((pg = TAILQ_FIRST(&pp->pr_empty)) != NULL) {
		TAILQ_REMOVE(&pp->pr_empty, pg, entry);
		pp->pr_nempty--;
		page_free(pp, pg);
	}
}

bool
pool_stat(unsigned int i, struct pool_stat *st)
{
	const struct pool *pp;

	LIST_FOREACH(pp, &pools, pr_list)
		if (i-- == 0)
			break;
	if (pp == NULL)
		return (false);
	memset(st, 0, sizeof(*st));
	strlcpy(st->name, pp->pr_name, sizeof(st->name));
	st->size = pp->pr_size;
	st->inuse = pp->pr_inuse;
	st->high = pp->pr_high;
	st->limit = pp->pr_limit;
	st->gets = pp->pr_gets;
	st->puts = pp->pr_puts;
	st->fails = pp->pr_fails;
	st->pages = pp->pr_npages;
	return (true);
}
