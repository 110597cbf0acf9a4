/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* pf.os(5): each form of each field, each way to be wrong, names in rules. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pf_ctl.h"

static char path[] = "/tmp/pfctl-osfp-test.XXXXXX";

/* Reads text as a file of fingerprints: what is said, the caller frees. */
static char *
reads(const char *text, struct pfconf **pc, struct osfps *l)
{
	char *said;
	size_t n;
	FILE *f = fopen(path, "w"), *err = open_memstream(&said, &n);

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	*pc = pfconf_new(err, err, 0, &pf_ifs_host);
	(*pc)->set.fingerprints = path;
	osfps_read(*pc, l);
	fclose(err);
	return (said);
}

#define F(x) PF_OSFP_##x

/* clang-format off */
static const struct {
	const char *line;
	uint16_t wsize, psize, mss, flags;
	uint8_t ttl, wscale, nopts;
	uint64_t opts;
} good[] = {
	{ "14600:64:0:44:M1460:A:B:C:d", 14600, 44, 1460, 0, 64, 0, 1, 2 },
	{ "*:255:1:*:.:A:B:C:d", 0, 0, 0, F(WSIZE_ANY) | F(DF) | F(PSIZE_ANY), 255, 0, 0, 0 },
	{ "%8192:1:1:60:M*,N,W7,S,T:A:B:C:d", 8192, 60, 0,
	    F(WSIZE_MOD) | F(DF) | F(MSS_ANY), 1, 7, 5, 2 | 1 << 3 | 3 << 6 | 4 << 9 | 5 << 12 },
	{ "S4:64:1:60:M%20,W*,T0:A:B:C:d", 4, 60, 20,
	    F(WSIZE_MSS) | F(DF) | F(MSS_MOD) | F(WSCALE_ANY) | F(TS0), 64, 0, 3, 2 | 3 << 3 | 5 << 6 },
	{ "T2:64:1:60:W%2:@*A:B:C:d:with:colons", 2, 60, 0,
	    F(WSIZE_MTU) | F(DF) | F(WSCALE_MOD) | F(GENERIC) | F(NODETAIL), 64, 2, 1, 3 },
	{ " 0 : 64 : 1 : 0 : N N , S : A : B : C : d ", 0, 0, 0, F(DF), 64, 0, 3, 1 | 1 << 3 | 4 << 6 },
};

static const struct {
	const char *line, *said;
} refused[] = {
	{ "14600:64", "only 2 fields of 9" },
	{ "14600:64:1:60:.:A:B:C", "only 8 fields of 9" },
	{ "S:64:1:60:.:A:B:C:d", "invalid window 'S'" },
	{ "S0:64:1:60:.:A:B:C:d", "invalid window 'S0'" },
	{ "%0:64:1:60:.:A:B:C:d", "invalid window '%0'" },
	{ "65536:64:1:60:.:A:B:C:d", "invalid window '65536'" },
	{ "-1:64:1:60:.:A:B:C:d", "invalid window '-1'" },
	{ ":64:1:60:.:A:B:C:d", "invalid window ''" },
	{ "1:0:1:60:.:A:B:C:d", "invalid ttl '0'" },
	{ "1:256:1:60:.:A:B:C:d", "invalid ttl '256'" },
	{ "1:64:2:60:.:A:B:C:d", "invalid df '2'" },
	{ "1:64:1:%60:.:A:B:C:d", "invalid size '%60'" },
	{ "1:64:1:60:X:A:B:C:d", "invalid TCP option 'X'" },
	{ "1:64:1:60:M:A:B:C:d", "invalid TCP option 'M'" },
	{ "1:64:1:60:W256:A:B:C:d", "invalid TCP option 'W256'" },
	{ "1:64:1:60:N1:A:B:C:d", "invalid TCP option 'N1'" },
	{ "1:64:1:60:T1:A:B:C:d", "invalid TCP option 'T1'" },
	{ "1:64:1:60::A:B:C:d", "no TCP options" },
	{ "1:64:1:60:N,N,N,N,N,N,N,N,N,N,N,N,N,N,N,N,N:A:B:C:d", "more than 16 TCP options" },
	{ "1:64:1:60:.:@:B:C:d", "a fingerprint needs a class" },
	{ "1:64:1:60:.:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:B:C:d", "too long, max 31" },
};
/* clang-format on */

static void
every_form(void **state)
{
	struct pfconf *pc;
	struct osfps l;
	char *said;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(good); i++) {
		const struct pf_ioc_osfp *f;

		said = reads(good[i].line, &pc, &l);
		if (*said != '\0' || l.n != 1)
			fail_msg("%s: %s", good[i].line, said);
		f = &l.list[0];
		if (f->wsize != good[i].wsize || f->psize != good[i].psize ||
		    f->mss != good[i].mss || f->flags != good[i].flags ||
		    f->ttl != good[i].ttl || f->wscale != good[i].wscale ||
		    f->nopts != good[i].nopts || f->opts != good[i].opts ||
		    strcmp(f->class, "A") != 0 ||
		    strcmp(f->version, "B") != 0 ||
		    strcmp(f->subtype, "C") != 0)
			fail_msg("%s: %u %u %u %x %u %u %u %llx", good[i].line,
			    f->wsize, f->psize, f->mss, f->flags, f->ttl,
			    f->wscale, f->nopts, (unsigned long long)f->opts);
		pfconf_free(pc);
		free(said);
	}
}

static void
every_way_to_be_wrong(void **state)
{
	struct pfconf *pc;
	struct osfps l;
	char *said, text[256];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(refused); i++) {
		snprintf(text, sizeof(text), "# one\n\n%s\n", refused[i].line);
		said = reads(text, &pc, &l);
		if (strstr(said, refused[i].said) == NULL ||
		    strstr(said, ":3: ") == NULL || l.n != 0)
			fail_msg("%s: %s", refused[i].line, said);
		pfconf_free(pc);
		free(said);
	}
}

static void
versions_of_a_range(void **state)
{
	static const struct {
		const char *version, *known[4], *unknown[2];
	} rows[] = {
		{ "2.4-2.6", { "a 2.4", "A 2.5", "A 2.6", "A 2.6 x" },
		    { "A 2.7", "A 2" } },
		{ "7-10", { "A 7", "A 8", "A 10", "A" }, { "A 11", "A 1" } },
		{ "2.4-3.6", { "A 2.4-3.6", "A" }, { "A 2.5", "A 2.4" } },
		{ "9-7", { "A 9-7" }, { "A 8", "A 9" } },
		{ "", { "A", "A x" }, { "A 1", "B" } },
	};
	struct pfconf *pc;
	struct osfps l;
	char *said, text[128];
	size_t i, k;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		snprintf(text, sizeof(text), "1:64:1:60:.:A:%s:x:d\n",
		    rows[i].version);
		said = reads(text, &pc, &l);
		assert_string_equal(said, "");
		for (k = 0; k < 4 && rows[i].known[k] != NULL; k++)
			if (!osfps_know(&l, rows[i].known[k]))
				fail_msg("%s: no %s", text, rows[i].known[k]);
		for (k = 0; k < 2; k++)
			if (osfps_know(&l, rows[i].unknown[k]))
				fail_msg("%s: %s", text, rows[i].unknown[k]);
		pfconf_free(pc);
		free(said);
	}
}

/* The file that comes with the system, and one that is too long. */
static void
whole_files(void **state)
{
	const char *top = getenv("TOP");
	char file[1024], *said, *text, *p;
	struct pfconf *pc;
	struct osfps l;
	int i;

	(void)state;
	snprintf(file, sizeof(file), "%s/etc/examples/pf.os",
	    top != NULL ? top : ".");
	pc = pfconf_new(stderr, stderr, 0, &pf_ifs_host);
	pc->set.fingerprints = file;
	assert_int_equal(osfps_read(pc, &l), 0);
	assert_true(l.n >= 20);
	assert_true(osfps_know(&l, "Linux"));
	assert_true(osfps_know(&l, "OpenBSD"));
	pfconf_free(pc);
	p = text = malloc((PF_OSFP_MAX + 10) * 32);
	for (i = 0; i < PF_OSFP_MAX + 10; i++)
		p += sprintf(p, "%d:64:1:60:.:A:B:C:d\n", i);
	said = reads(text, &pc, &l);
	assert_int_equal(l.n, PF_OSFP_MAX);
	assert_non_null(strstr(said, ":16385: more than 16384 fingerprints\n"));
	assert_null(strstr(said, "16386"));
	pfconf_free(pc);
	free(said);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(every_way_to_be_wrong),
		cmocka_unit_test(versions_of_a_range),
		cmocka_unit_test(whole_files),
	};
	int fd = mkstemp(path), rc;

	if (fd == -1)
		return (1);
	close(fd);
	rc = cmocka_run_group_tests_name("pfctl: fingerprints", tests, NULL,
	    NULL);
	unlink(path);
	return (rc);
}
