/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Tasks, queues and the bounded cursor. */

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/queue.h>
#include <sys/refcnt.h>
#include <sys/task.h>
#include <ktest.h>

static struct task task[3];
static int order[8], ran;

static void
note(void *arg)
{
	order[ran++] = (int)((struct task *)arg - task);
}

static void
note_and_again(void *arg)
{
	note(arg);
	task_add(arg);
	task_del(&task[2]);
}

KTEST(task_order_again_and_delete)
{
	for (int i = 0; i < 3; i++)
		task_set(&task[i], note, &task[i]);
	KT(!task_run());
	KT(task_add(&task[1]) == 1 && task_add(&task[0]) == 1 &&
	    task_add(&task[1]) == 0);
	KT(!task_run());
	KT(ran == 2 && order[0] == 1 && order[1] == 0);
	KT(task_del(&task[0]) == 0);

	ran = 0;
	task_set(&task[0], note_and_again, &task[0]);
	for (int i = 0; i < 3; i++)
		task_add(&task[i]);
	KT(task_run()); /* 0 waits again, but runs only next time */
	KT(ran == 2 && order[0] == 0 && order[1] == 1);
	KT(task_del(&task[0]) == 1 && !task_run() && ran == 2);
}

KTEST(cursor_stops_at_the_end)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15 };
	struct cursor c, sub;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8, two[2];

	cur_init(&c, bytes, sizeof(bytes));
	KT(cur_u8(&c, &v8) == 0 && v8 == 1);
	KT(cur_u16(&c, &v16) == 0 && v16 == 0x0203);
	KT(cur_u32(&c, &v32) == 0 && v32 == 0x04050607);
	KT(cur_sub(&c, 9, &sub) == -1 && c.left == 8);
	KT(cur_sub(&c, 2, &sub) == 0 && sub.left == 2 && c.left == 6);
	KT(cur_u64(&c, &v64) == -1 && c.left == 6);
	KT(cur_bytes(&sub, two, 2) == 0 && two[1] == 9);
	KT(cur_u8(&sub, &v8) == -1 && cur_u16(&sub, &v16) == -1 &&
	    cur_u32(&sub, &v32) == -1);
	KT(cur_skip(&c, 7) == -1 && cur_skip(&c, 6) == 0 &&
	    cur_bytes(&c, two, 1) == -1);
	KT(cur_bytes(&c, two, 0) == 0);
	cur_init(&c, bytes, 8);
	KT(cur_u64(&c, &v64) == 0 && v64 == 0x0102030405060708ULL);
}

KTEST(refcnt_last_one_frees)
{
	struct refcnt r;

	refcnt_init(&r);
	KT(!refcnt_shared(&r));
	refcnt_take(&r);
	KT(refcnt_shared(&r) && !refcnt_rele(&r) && refcnt_rele(&r));
}

struct item {
	int id;
	TAILQ_ENTRY(item) te;
	LIST_ENTRY(item) le;
	SLIST_ENTRY(item) se;
	STAILQ_ENTRY(item) qe;
};
TAILQ_HEAD(tail_head, item);

/* Every position of insertion and removal keeps both directions right. */
KTEST(tailq_both_ways)
{
	struct tail_head h = TAILQ_HEAD_INITIALIZER(h), other;
	struct item it[5], *v, *next;
	int n;

	for (int i = 0; i < 5; i++)
		it[i].id = i;
	TAILQ_INSERT_HEAD(&h, &it[2], te);
	TAILQ_INSERT_TAIL(&h, &it[4], te);
	TAILQ_INSERT_BEFORE(&it[4], &it[3], te);
	TAILQ_INSERT_HEAD(&h, &it[0], te);
	TAILQ_INSERT_AFTER(&h, &it[0], &it[1], te);
	n = 0;
	TAILQ_FOREACH(v, &h, te)
		KT_EQ(v->id, n++);
	KT_EQ(n, 5);
	TAILQ_FOREACH_REVERSE(v, &h, tail_head, te)
		KT_EQ(v->id, --n);
	TAILQ_REMOVE(&h, &it[4], te);
	TAILQ_REMOVE(&h, &it[0], te);
	KT(TAILQ_FIRST(&h) == &it[1] && TAILQ_LAST(&h, tail_head) == &it[3]);
	TAILQ_INIT(&other);
	TAILQ_INSERT_TAIL(&other, &it[4], te);
	TAILQ_CONCAT(&h, &other, te);
	KT(TAILQ_EMPTY(&other) && TAILQ_LAST(&h, tail_head) == &it[4]);
	TAILQ_FOREACH_SAFE(v, &h, te, next)
		TAILQ_REMOVE(&h, v, te);
	KT(TAILQ_EMPTY(&h));
}

KTEST(lists_and_stailq)
{
	LIST_HEAD(, item) l = LIST_HEAD_INITIALIZER(l);
	SLIST_HEAD(, item) s = SLIST_HEAD_INITIALIZER(s);
	STAILQ_HEAD(, item) q = STAILQ_HEAD_INITIALIZER(q);
	struct item it[3], *v;
	int n = 0;

	for (int i = 2; i >= 0; i--) {
		it[i].id = i;
		LIST_INSERT_HEAD(&l, &it[i], le);
		SLIST_INSERT_HEAD(&s, &it[i], se);
	}
	LIST_REMOVE(&it[1], le);
	LIST_INSERT_AFTER(&it[0], &it[1], le);
	LIST_FOREACH(v, &l, le)
		KT_EQ(v->id, n++);
	SLIST_REMOVE(&s, &it[1], item, se);
	KT(SLIST_FIRST(&s) == &it[0] && SLIST_NEXT(&it[0], se) == &it[2]);
	for (int i = 0; i < 3; i++)
		STAILQ_INSERT_TAIL(&q, &it[i], qe);
	STAILQ_REMOVE_HEAD(&q, qe);
	STAILQ_REMOVE_HEAD(&q, qe);
	STAILQ_REMOVE_HEAD(&q, qe);
	STAILQ_INSERT_TAIL(&q, &it[0], qe);
	KT(STAILQ_FIRST(&q) == &it[0] && STAILQ_NEXT(&it[0], qe) == NULL);
}
