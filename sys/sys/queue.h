/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Lists whose links are members of what is listed.  The BSD names.
 *
 *	SLIST	one pointer a link; insert at the head
 *	LIST	two; remove anything without knowing its list
 *	TAILQ	two, and the list knows its end; both directions
 *	STAILQ	one pointer a link, and the list knows its end
 */

#ifndef _SYS_QUEUE_H_
#define _SYS_QUEUE_H_

/* clang-format off */

#define SLIST_HEAD(name, type)	struct name { struct type *slh_first; }
#define SLIST_HEAD_INITIALIZER(h) { NULL }
#define SLIST_ENTRY(type)	struct { struct type *sle_next; }
#define SLIST_INIT(h)		((h)->slh_first = NULL)
#define SLIST_FIRST(h)		((h)->slh_first)
#define SLIST_EMPTY(h)		((h)->slh_first == NULL)
#define SLIST_NEXT(e, f)	((e)->f.sle_next)
#define SLIST_FOREACH(v, h, f)						\
	for ((v) = SLIST_FIRST(h); (v) != NULL; (v) = SLIST_NEXT(v, f))
#define SLIST_FOREACH_SAFE(v, h, f, n)					\
	for ((v) = SLIST_FIRST(h);					\
	    (v) != NULL && ((n) = SLIST_NEXT(v, f), 1); (v) = (n))
#define SLIST_INSERT_HEAD(h, e, f) do {					\
	(e)->f.sle_next = (h)->slh_first;				\
	(h)->slh_first = (e);						\
} while (0)
#define SLIST_INSERT_AFTER(p, e, f) do {				\
	(e)->f.sle_next = (p)->f.sle_next;				\
	(p)->f.sle_next = (e);						\
} while (0)
#define SLIST_REMOVE_HEAD(h, f)	((h)->slh_first = (h)->slh_first->f.sle_next)
#define SLIST_REMOVE(h, e, type, f) do {				\
	struct type **slist_at = &(h)->slh_first;			\
	while (*slist_at != (e))					\
		slist_at = &(*slist_at)->f.sle_next;			\
	*slist_at = (e)->f.sle_next;					\
} while (0)

#define LIST_HEAD(name, type)	struct name { struct type *lh_first; }
#define LIST_HEAD_INITIALIZER(h) { NULL }
#define LIST_ENTRY(type)						\
	struct { struct type *le_next; struct type **le_prev; }
#define LIST_INIT(h)		((h)->lh_first = NULL)
#define LIST_FIRST(h)		((h)->lh_first)
#define LIST_EMPTY(h)		((h)->lh_first == NULL)
#define LIST_NEXT(e, f)		((e)->f.le_next)
#define LIST_FOREACH(v, h, f)						\
	for ((v) = LIST_FIRST(h); (v) != NULL; (v) = LIST_NEXT(v, f))
#define LIST_FOREACH_SAFE(v, h, f, n)					\
	for ((v) = LIST_FIRST(h);					\
	    (v) != NULL && ((n) = LIST_NEXT(v, f), 1); (v) = (n))
#define LIST_INSERT_HEAD(h, e, f) do {					\
	if (((e)->f.le_next = (h)->lh_first) != NULL)			\
		(h)->lh_first->f.le_prev = &(e)->f.le_next;		\
	(h)->lh_first = (e);						\
	(e)->f.le_prev = &(h)->lh_first;				\
} while (0)
#define LIST_INSERT_AFTER(p, e, f) do {					\
	if (((e)->f.le_next = (p)->f.le_next) != NULL)			\
		(p)->f.le_next->f.le_prev = &(e)->f.le_next;		\
	(p)->f.le_next = (e);						\
	(e)->f.le_prev = &(p)->f.le_next;				\
} while (0)
#define LIST_INSERT_BEFORE(p, e, f) do {				\
	(e)->f.le_prev = (p)->f.le_prev;				\
	(e)->f.le_next = (p);						\
	*(p)->f.le_prev = (e);						\
	(p)->f.le_prev = &(e)->f.le_next;				\
} while (0)
#define LIST_REMOVE(e, f) do {						\
	if ((e)->f.le_next != NULL)					\
		(e)->f.le_next->f.le_prev = (e)->f.le_prev;		\
	*(e)->f.le_prev = (e)->f.le_next;				\
} while (0)

#define TAILQ_HEAD(name, type)						\
	struct name { struct type *tqh_first; struct type **tqh_last; }
#define TAILQ_HEAD_INITIALIZER(h) { NULL, &(h).tqh_first }
#define TAILQ_ENTRY(type)						\
	struct { struct type *tqe_next; struct type **tqe_prev; }
#define TAILQ_INIT(h) do {						\
	(h)->tqh_first = NULL;						\
	(h)->tqh_last = &(h)->tqh_first;				\
} while (0)
#define TAILQ_FIRST(h)		((h)->tqh_first)
#define TAILQ_EMPTY(h)		((h)->tqh_first == NULL)
#define TAILQ_NEXT(e, f)	((e)->f.tqe_next)
/* Entry and head begin alike: the link before the last one is its head. */
#define TAILQ_LAST(h, headname)						\
	(*(((struct headname *)(void *)((h)->tqh_last))->tqh_last))
#define TAILQ_PREV(e, headname, f)					\
	(*(((struct headname *)(void *)((e)->f.tqe_prev))->tqh_last))
#define TAILQ_FOREACH(v, h, f)						\
	for ((v) = TAILQ_FIRST(h); (v) != NULL; (v) = TAILQ_NEXT(v, f))
#define TAILQ_FOREACH_SAFE(v, h, f, n)					\
	for ((v) = TAILQ_FIRST(h);					\
	    (v) != NULL && ((n) = TAILQ_NEXT(v, f), 1); (v) = (n))
#define TAILQ_FOREACH_REVERSE(v, h, headname, f)			\
	for ((v) = TAILQ_LAST(h, headname); (v) != NULL;		\
	    (v) = TAILQ_PREV(v, headname, f))
#define TAILQ_FOREACH_REVERSE_SAFE(v, h, headname, f, n)		\
	for ((v) = TAILQ_LAST(h, headname);				\
	    (v) != NULL && ((n) = TAILQ_PREV(v, headname, f), 1); (v) = (n))
#define TAILQ_INSERT_HEAD(h, e, f) do {					\
	if (((e)->f.tqe_next = (h)->tqh_first) != NULL)			\
		(h)->tqh_first->f.tqe_prev = &(e)->f.tqe_next;		\
	else								\
		(h)->tqh_last = &(e)->f.tqe_next;			\
	(h)->tqh_first = (e);						\
	(e)->f.tqe_prev = &(h)->tqh_first;				\
} while (0)
#define TAILQ_INSERT_TAIL(h, e, f) do {					\
	(e)->f.tqe_next = NULL;						\
	(e)->f.tqe_prev = (h)->tqh_last;				\
	*(h)->tqh_last = (e);						\
	(h)->tqh_last = &(e)->f.tqe_next;				\
} while (0)
#define TAILQ_INSERT_AFTER(h, p, e, f) do {				\
	if (((e)->f.tqe_next = (p)->f.tqe_next) != NULL)		\
		(e)->f.tqe_next->f.tqe_prev = &(e)->f.tqe_next;		\
	else								\
		(h)->tqh_last = &(e)->f.tqe_next;			\
	(p)->f.tqe_next = (e);						\
	(e)->f.tqe_prev = &(p)->f.tqe_next;				\
} while (0)
#define TAILQ_INSERT_BEFORE(p, e, f) do {				\
	(e)->f.tqe_prev = (p)->f.tqe_prev;				\
	(e)->f.tqe_next = (p);						\
	*(p)->f.tqe_prev = (e);						\
	(p)->f.tqe_prev = &(e)->f.tqe_next;				\
} while (0)
#define TAILQ_REMOVE(h, e, f) do {					\
	if ((e)->f.tqe_next != NULL)					\
		(e)->f.tqe_next->f.tqe_prev = (e)->f.tqe_prev;		\
	else								\
		(h)->tqh_last = (e)->f.tqe_prev;			\
	*(e)->f.tqe_prev = (e)->f.tqe_next;				\
} while (0)
#define TAILQ_CONCAT(a, b, f) do {					\
	if (!TAILQ_EMPTY(b)) {						\
		*(a)->tqh_last = (b)->tqh_first;			\
		(b)->tqh_first->f.tqe_prev = (a)->tqh_last;		\
		(a)->tqh_last = (b)->tqh_last;				\
		TAILQ_INIT(b);						\
	}								\
} while (0)

#define STAILQ_HEAD(name, type)						\
	struct name { struct type *stqh_first; struct type **stqh_last; }
#define STAILQ_HEAD_INITIALIZER(h) { NULL, &(h).stqh_first }
#define STAILQ_ENTRY(type)	struct { struct type *stqe_next; }
#define STAILQ_INIT(h) do {						\
	(h)->stqh_first = NULL;						\
	(h)->stqh_last = &(h)->stqh_first;				\
} while (0)
#define STAILQ_FIRST(h)		((h)->stqh_first)
#define STAILQ_EMPTY(h)		((h)->stqh_first == NULL)
#define STAILQ_NEXT(e, f)	((e)->f.stqe_next)
#define STAILQ_FOREACH(v, h, f)						\
	for ((v) = STAILQ_FIRST(h); (v) != NULL; (v) = STAILQ_NEXT(v, f))
#define STAILQ_FOREACH_SAFE(v, h, f, n)					\
	for ((v) = STAILQ_FIRST(h);					\
	    (v) != NULL && ((n) = STAILQ_NEXT(v, f), 1); (v) = (n))
#define STAILQ_INSERT_HEAD(h, e, f) do {				\
	if (((e)->f.stqe_next = (h)->stqh_first) == NULL)		\
		(h)->stqh_last = &(e)->f.stqe_next;			\
	(h)->stqh_first = (e);						\
} while (0)
#define STAILQ_INSERT_TAIL(h, e, f) do {				\
	(e)->f.stqe_next = NULL;					\
	*(h)->stqh_last = (e);						\
	(h)->stqh_last = &(e)->f.stqe_next;				\
} while (0)
#define STAILQ_REMOVE_HEAD(h, f) do {					\
	if (((h)->stqh_first = (h)->stqh_first->f.stqe_next) == NULL)	\
		(h)->stqh_last = &(h)->stqh_first;			\
} while (0)

/* clang-format on */

#endif
