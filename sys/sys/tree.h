/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Balanced trees with the node inside the object.  See tree(9).
 * Shared: daemons and tools use it as well.
 *
 * They are weak AVL trees (Haeupler, Sen, Tarjan: Rank-balanced trees, 2015).
 * Each node has a rank; a missing child has rank -1.
 *
 *  (1)	A child's rank is one or two less than its parent's.
 *  (2)	A node without children has rank 0.
 *
 * So the height is at most 2 log2 n, and 1.44 log2 n as long as nothing is
 * removed; an insertion or a removal needs at most two rotations.  Because of
 * (1) the lowest bit of the ranks is enough: equal bits mean two less, unlike
 * bits one less.  It stands in the lowest bit of the pointer to the parent,
 * so a node is three pointers, 24 bytes.
 *
 * The names are those of BSD's RB macros, since they say what is meant.
 * The comparison is int cmp(const struct type *, const struct type *).
 */

#ifndef _SYS_TREE_H_
#define _SYS_TREE_H_

#include <stddef.h>
#include <stdint.h>

struct rb_node {
	struct rb_node *rb_child[2]; /* smaller, larger */
	uintptr_t rb_up;             /* parent, and the rank's lowest bit */
};

/* --- the untyped tree --- */

static inline struct rb_node *
rb_parent(const struct rb_node *n)
{
	return ((struct rb_node *)(n->rb_up & ~(uintptr_t)1));
}

static inline unsigned int
rb_parity(const struct rb_node *n)
{
	return (n == NULL ? 1 : n->rb_up & 1);
}

/* n's rank goes up or down by one. */
static inline void
rb_shift(struct rb_node *n)
{
	n->rb_up ^= 1;
}

static inline void
rb_setparent(struct rb_node *n, struct rb_node *parent)
{
	n->rb_up = (uintptr_t)parent | (n->rb_up & 1);
}

static inline int
rb_side(const struct rb_node *parent, const struct rb_node *n)
{
	return (parent->rb_child[1] == n);
}

/* now stands where was stood below parent (NULL: it is the root). */
static inline void
rb_replace(struct rb_node **root, struct rb_node *parent,
    const struct rb_node *was, struct rb_node *now)
{
	if (parent == NULL)
		*root = now;
	else
		parent->rb_child[rb_side(parent, was)] = now;
	if (now != NULL)
		rb_setparent(now, parent);
}

/* The child of p on that side takes its place; p goes to the other side. */
static inline void
rb_rotate(struct rb_node **root, struct rb_node *p, int side)
{
	struct rb_node *c = p->rb_child[side], *inner = c->rb_child[!side];

	rb_replace(root, rb_parent(p), p, c);
	p->rb_child[side] = inner;
	if (inner != NULL)
		rb_setparent(inner, p);
	c->rb_child[!side] = p;
	rb_setparent(p, c);
}

/* n, of rank 0, was put below its parent, which may have been of rank 0. */
static inline void
rb_insert_balance(struct rb_node **root, struct rb_node *n)
{
	struct rb_node *p, *inner;
	int side;

	for (; (p = rb_parent(n)) != NULL && rb_parity(n) == rb_parity(p);
	     n = p) {
		side = rb_side(p, n);
		if (rb_parity(p->rb_child[!side]) != rb_parity(p)) {
			rb_shift(p); /* its ranks fit again; look above */
			continue;
		}
		inner = n->rb_child[!side];
		if (rb_parity(inner) != rb_parity(n)) {
			rb_shift(n);
			rb_shift(inner);
			rb_rotate(root, n, !side);
		}
		rb_shift(p);
		rb_rotate(root, p, side);
		return;
	}
}

/*
 * The child of p on that side is three ranks below p, its sibling s one.
 * Rotations mend that, unless s is of a kind that just goes down with p:
 * then 0, and p may be too low for its own parent.
 */
static inline int
rb_remove_rotate(struct rb_node **root, struct rb_node *p, struct rb_node *s,
    int side)
{
	struct rb_node *inner = s->rb_child[side], *outer = s->rb_child[!side];

	if (rb_parity(outer) != rb_parity(s)) {
		rb_shift(s);
		if (inner != NULL || p->rb_child[side] != NULL)
			rb_shift(p); /* else by two: (2) */
		rb_rotate(root, p, !side);
		return (1);
	}
	rb_shift(s);
	if (rb_parity(inner) ==
	    rb_parity(s)) { /* was unlike before the shift */
		rb_rotate(root, s, side);
		rb_rotate(root, p, !side);
		return (1);
	}
	return (0);
}

/* The subtree of p on that side has lost a rank. */
static inline void
rb_remove_balance(struct rb_node **root, struct rb_node *p, int side)
{
	struct rb_node *s, *up;

	if (p->rb_child[0] == NULL && p->rb_child[1] == NULL &&
	    rb_parity(p) == 1) {
		rb_shift(p); /* (2) */
		if ((up = rb_parent(p)) == NULL)
			return;
		side = rb_side(up, p);
		p = up;
	}
	while (rb_parity(p->rb_child[side]) != rb_parity(p)) {
		s = p->rb_child[!side];
		if (rb_parity(s) != rb_parity(p) &&
		    rb_remove_rotate(root, p, s, side))
			return;
		rb_shift(p);
		if ((up = rb_parent(p)) == NULL)
			return;
		side = rb_side(up, p);
		p = up;
	}
}

/* The first (side 0) or last node below n. */
static inline struct rb_node *
rb_end(struct rb_node *n, int side)
{
	if (n != NULL)
		while (n->rb_child[side] != NULL)
			n = n->rb_child[side];
	return (n);
}

/* The next larger (side 1) or smaller node. */
static inline struct rb_node *
rb_step(const struct rb_node *n, int side)
{
	struct rb_node *p;

	if (n->rb_child[side] != NULL)
		return (rb_end(n->rb_child[side], !side));
	while ((p = rb_parent(n)) != NULL && p->rb_child[side] == n)
		n = p;
	return (p);
}

static inline void
rb_link(struct rb_node **root, struct rb_node *parent, int side,
    struct rb_node *n)
{
	n->rb_child[0] = n->rb_child[1] = NULL;
	n->rb_up = (uintptr_t)parent;
	if (parent == NULL) {
		*root = n;
		return;
	}
	parent->rb_child[side] = n;
	rb_insert_balance(root, n);
}

static inline void
rb_unlink(struct rb_node **root, struct rb_node *n)
{
	struct rb_node *hole = n, *p, *child;
	int side;

	if (n->rb_child[0] != NULL && n->rb_child[1] != NULL)
		hole = rb_end(n->rb_child[1], 0);
	child = hole->rb_child[hole->rb_child[0] == NULL];
	p = rb_parent(hole);
	side = p != NULL && rb_side(p, hole);
	rb_replace(root, p, hole, child);
	if (hole != n) { /* takes n's place and rank */
		if (p == n)
			p = hole;
		*hole = *n;
		rb_replace(root, rb_parent(n), n, hole);
		for (int i = 0; i < 2; i++)
			if (hole->rb_child[i] != NULL)
				rb_setparent(hole->rb_child[i], hole);
	}
	if (p != NULL)
		rb_remove_balance(root, p, side);
}

/* --- the typed tree --- */

/* clang-format off */
#define RB_HEAD(name, type)	struct name { struct rb_node *rbh_root; }
#define RB_INITIALIZER(head)	{ NULL }
#define RB_ENTRY(type)		struct rb_node
#define RB_INIT(head)		((void)((head)->rbh_root = NULL))
#define RB_EMPTY(head)		((head)->rbh_root == NULL)

/* NULL, or the equal element that is there already: then nothing changed. */
#define RB_INSERT(name, head, elm)	name##_RB_INSERT(head, elm)
/* elm must be in the tree; it is returned. */
#define RB_REMOVE(name, head, elm)	name##_RB_REMOVE(head, elm)
/* The element equal to key; RB_NFIND: the smallest that is not less.  Or NULL. */
#define RB_FIND(name, head, key)	name##_RB_FIND(head, key)
#define RB_NFIND(name, head, key)	name##_RB_NFIND(head, key)
#define RB_NEXT(name, head, elm)	((void)(head), name##_RB_STEP(elm, 1))
#define RB_PREV(name, head, elm)	((void)(head), name##_RB_STEP(elm, 0))
#define RB_MIN(name, head)		name##_RB_END(head, 0)
#define RB_MAX(name, head)		name##_RB_END(head, 1)
/* Any element, the cheapest to get: for taking a tree apart. */
#define RB_ROOT(name, head)		name##_RB_ELM((head)->rbh_root)

#define RB_FOREACH(x, name, head)					\
	for ((x) = RB_MIN(name, head); (x) != NULL;			\
	    (x) = name##_RB_STEP(x, 1))
#define RB_FOREACH_REVERSE(x, name, head)				\
	for ((x) = RB_MAX(name, head); (x) != NULL;			\
	    (x) = name##_RB_STEP(x, 0))
/* The body may remove x, y holds what follows it. */
#define RB_FOREACH_SAFE(x, name, head, y)				\
	for ((x) = RB_MIN(name, head);					\
	    (x) != NULL && ((y) = name##_RB_STEP(x, 1), 1); (x) = (y))
#define RB_FOREACH_REVERSE_SAFE(x, name, head, y)			\
	for ((x) = RB_MAX(name, head);					\
	    (x) != NULL && ((y) = name##_RB_STEP(x, 0), 1); (x) = (y))

#define RB_PROTOTYPE(name, type, field, cmp)				\
	RB_PROTOTYPE_INTERNAL(name, type, field, cmp,)
#define RB_PROTOTYPE_STATIC(name, type, field, cmp)			\
	RB_PROTOTYPE_INTERNAL(name, type, field, cmp,			\
	    __attribute__((__unused__)) static)
#define RB_PROTOTYPE_INTERNAL(name, type, field, cmp, attr)		\
	attr struct type *name##_RB_INSERT(struct name *, struct type *);	\
	attr struct type *name##_RB_REMOVE(struct name *, struct type *);	\
	attr struct type *name##_RB_FIND(const struct name *,		\
	    const struct type *);					\
	attr struct type *name##_RB_NFIND(const struct name *,		\
	    const struct type *);					\
	__attribute__((__unused__)) static inline struct type *		\
	name##_RB_ELM(struct rb_node *n)				\
	{								\
		return (n == NULL ? NULL : (struct type *)(void *)	\
		    ((char *)n - offsetof(struct type, field)));	\
	}								\
	__attribute__((__unused__)) static inline struct type *		\
	name##_RB_STEP(const struct type *elm, int side)		\
	{								\
		return (name##_RB_ELM(rb_step(&elm->field, side)));	\
	}								\
	__attribute__((__unused__)) static inline struct type *		\
	name##_RB_END(const struct name *head, int side)		\
	{								\
		return (name##_RB_ELM(rb_end(head->rbh_root, side)));	\
	}								\
	struct name

#define RB_GENERATE(name, type, field, cmp)				\
	RB_GENERATE_INTERNAL(name, type, field, cmp,)
#define RB_GENERATE_STATIC(name, type, field, cmp)			\
	RB_PROTOTYPE_STATIC(name, type, field, cmp);			\
	RB_GENERATE_INTERNAL(name, type, field, cmp,			\
	    __attribute__((__unused__)) static)
#define RB_GENERATE_INTERNAL(name, type, field, cmp, attr)		\
	attr struct type *						\
	name##_RB_INSERT(struct name *head, struct type *elm)		\
	{								\
		struct rb_node *n = head->rbh_root, *parent = NULL;	\
		int c, side = 0;					\
									\
		for (; n != NULL; n = n->rb_child[side]) {		\
			if ((c = (cmp)(elm, name##_RB_ELM(n))) == 0)	\
				return (name##_RB_ELM(n));		\
			parent = n;					\
			side = c > 0;					\
		}							\
		rb_link(&head->rbh_root, parent, side, &elm->field);	\
		return (NULL);						\
	}								\
	attr struct type *						\
	name##_RB_REMOVE(struct name *head, struct type *elm)		\
	{								\
		rb_unlink(&head->rbh_root, &elm->field);		\
		return (elm);						\
	}								\
	attr struct type *						\
	name##_RB_FIND(const struct name *head, const struct type *key)	\
	{								\
		struct rb_node *n = head->rbh_root;			\
		int c;							\
									\
		for (; n != NULL; n = n->rb_child[c > 0])		\
			if ((c = (cmp)(key, name##_RB_ELM(n))) == 0)	\
				break;					\
		return (name##_RB_ELM(n));				\
	}								\
	attr struct type *						\
	name##_RB_NFIND(const struct name *head, const struct type *key)	\
	{								\
		struct rb_node *n = head->rbh_root, *best = NULL;	\
		int c;							\
									\
		for (; n != NULL; n = n->rb_child[c > 0]) {		\
			c = (cmp)(key, name##_RB_ELM(n));		\
			if (c <= 0)					\
				best = n;				\
			if (c == 0)					\
				break;					\
		}							\
		return (name##_RB_ELM(best));				\
	}								\
	struct name
/* clang-format on */

#endif
