/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * sysctl: reads and sets the kernel's variables.
 *
 * The kernel itself says which names there are (sysctl.names), of which
 * type, and in a clause what each is for; this program knows none of them.
 * A new value is judged by the kernel, whose refusal is printed with the
 * name it is about.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <sys/sysctl.h>

struct names {
	struct sysctl_name *row;
	size_t n;
};

struct flags {
	bool values_only, quiet, describe;
};

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: sysctl [-Aadnqw] [-f file] [name[=value] ...]\n");
	exit(2);
}

/* The whole value of name, malloc()ed with a NUL behind it; NULL and errno. */
static void *
value_read(const char *name, size_t *lenp)
{
	size_t cap = 4096, len;
	char *buf = NULL, *more;

	for (;;) {
		if ((more = realloc(buf, cap + 1)) == NULL)
			break;
		buf = more;
		len = cap;
		if (bsd_sysctl(name, buf, &len, NULL, 0) == 0) {
			buf[len] = '\0';
			*lenp = len;
			return (buf);
		}
		if (errno != ENOMEM || cap > 64 << 20)
			break;
		cap *= 4;
	}
	free(buf);
	return (NULL);
}

static void
names_read(struct names *ns)
{
	size_t len;

	if ((ns->row = value_read("sysctl.names", &len)) == NULL) {
		fprintf(stderr, "sysctl: list of names: %s\n", strerror(errno));
		exit(1);
	}
	ns->n = len / sizeof(*ns->row);
}

static const struct sysctl_name *
name_find(const struct names *ns, const char *name)
{
	for (size_t i = 0; i < ns->n; i++)
		if (strcmp(ns->row[i].name, name) == 0)
			return (&ns->row[i]);
	return (NULL);
}

/* Value as text into buf; a row that is no scalar gets its size. */
static void
value_text(const struct sysctl_name *row, const void *v, size_t len, char *buf, size_t size)
{
	int32_t i;
	int64_t q;

	if (row->type == CTL_INT && len == sizeof(i)) {
		memcpy(&i, v, sizeof(i));
		snprintf(buf, size, "%" PRId32, i);
	} else if (row->type == CTL_QUAD && len == sizeof(q)) {
		memcpy(&q, v, sizeof(q));
		snprintf(buf, size, "%" PRId64, q);
	} else if (row->type == CTL_STRING) {
		snprintf(buf, size, "%.*s", (int)strnlen(v, len), (const char *)v);
	} else {
		snprintf(buf, size, "<%zu bytes>", len);
	}
}

static int
row_show(const struct sysctl_name *row, const struct flags *fl)
{
	char text[4096];
	size_t len;
	void *v;

	if (fl->describe) {
		printf("%s: %s\n", row->name, row->text);
		return (0);
	}
	v = value_read(row->name, &len);
	if (v == NULL && row->type == CTL_OPAQUE)
		return (0); /* a list that has to be asked for by name */
	if (v == NULL) {
		fprintf(stderr, "sysctl: %s: %s\n", row->name, strerror(errno));
		return (1);
	}
	value_text(row, v, len, text, sizeof(text));
	if (fl->values_only)
		printf("%s\n", text);
	else
		printf("%s=%s\n", row->name, text);
	free(v);
	return (0);
}

/*
 * Which part of a name is wrong: the first one that no variable has.
 */
static void
name_wrong(const struct names *ns, const char *name)
{
	static const char *const levels[] = { "top", "second", "third", "fourth", "fifth", "sixth" };
	size_t level = 0, end, start = 0, i;

	for (;; start = end + 1, level++) {
		end = start + strcspn(name + start, ".");
		for (i = 0; i < ns->n; i++)
			if (strncmp(ns->row[i].name, name, end) == 0 &&
			    (ns->row[i].name[end] == '.' || ns->row[i].name[end] == '\0'))
				break;
		if (i == ns->n || name[end] == '\0' || level == 5)
			break;
	}
	fprintf(stderr, "sysctl: %s level name %.*s in %s is invalid\n", levels[level], (int)(end - start), name + start, name);
}

/* All rows below prefix ("" for all).  1 if something failed or none is there. */
static int
subtree_show(const struct names *ns, const char *prefix, const struct flags *fl, bool hidden)
{
	size_t plen = strlen(prefix), shown = 0;
	int bad = 0;

	for (size_t i = 0; i < ns->n; i++) {
		const struct sysctl_name *row = &ns->row[i];

		if (strncmp(row->name, prefix, plen) != 0 ||
		    (plen > 0 && row->name[plen] != '.' && row->name[plen] != '\0'))
			continue;
		shown++;
		if (row->type == CTL_OPAQUE && !hidden && !fl->describe)
			continue;
		if ((row->flags & CTLF_HIDDEN) != 0 && !hidden)
			continue;
		bad |= row_show(row, fl);
	}
	if (shown == 0) {
		name_wrong(ns, prefix);
		return (1);
	}
	return (bad);
}

/* text as the kernel wants it for row.  The length, or 0 with a complaint. */
static size_t
value_parse(const struct sysctl_name *row, const char *text, void *buf, size_t size)
{
	char *end;
	long long q;
	int32_t i;

	if (row->type == CTL_STRING) {
		if (strlen(text) + 1 > size) {
			fprintf(stderr, "sysctl: %s: value too long\n", row->name);
			return (0);
		}
		strcpy(buf, text);
		return (strlen(text) + 1);
	}
	if (row->type == CTL_OPAQUE) {
		fprintf(stderr, "sysctl: %s: cannot be set as text\n", row->name);
		return (0);
	}
	errno = 0;
	q = strtoll(text, &end, 0);
	if (text[0] == '\0' || *end != '\0') {
		fprintf(stderr, "sysctl: %s: not a number: %s\n", row->name, text);
		return (0);
	}
	if (errno != 0 || (row->type == CTL_INT && (q > INT32_MAX || q < INT32_MIN))) {
		fprintf(stderr, "sysctl: %s: out of range: %s\n", row->name, text);
		return (0);
	}
	if (row->type == CTL_QUAD) {
		memcpy(buf, &q, sizeof(int64_t));
		return (sizeof(int64_t));
	}
	i = (int32_t)q;
	memcpy(buf, &i, sizeof(i));
	return (sizeof(i));
}

static int
row_set(const struct sysctl_name *row, const char *text, const struct flags *fl)
{
	char before[4096] = "", new[4096];
	size_t len, newlen;
	void *v;

	if ((v = value_read(row->name, &len)) != NULL)
		value_text(row, v, len, before, sizeof(before));
	free(v);
	if ((newlen = value_parse(row, text, new, sizeof(new))) == 0)
		return (1);
	if (bsd_sysctl(row->name, NULL, NULL, new, newlen) == -1) {
		fprintf(stderr, "sysctl: %s=%s: %s\n", row->name, text, strerror(errno));
		return (1);
	}
	if (fl->quiet)
		return (0);
	if ((v = value_read(row->name, &len)) != NULL)
		value_text(row, v, len, new, sizeof(new));
	free(v);
	printf("%s: %s -> %s\n", row->name, before, new);
	return (0);
}

/* One name or name=value. */
static int
word_run(const struct names *ns, const char *word, const struct flags *fl)
{
	const struct sysctl_name *row;
	const char *eq = strchr(word, '=');
	char name[64];

	if (eq == NULL) {
		if ((row = name_find(ns, word)) != NULL && (row->type != CTL_OPAQUE || fl->describe))
			return (row_show(row, fl));
		if (row != NULL && row->type == CTL_OPAQUE && !fl->describe) {
			fprintf(stderr, "sysctl: %s: not a text or number: %s\n", word, row->text);
			return (1);
		}
		return (subtree_show(ns, word, fl, false));
	}
	snprintf(name, sizeof(name), "%.*s", (int)(eq - word), word);
	if ((size_t)(eq - word) >= sizeof(name) || (row = name_find(ns, name)) == NULL) {
		if ((size_t)(eq - word) >= sizeof(name))
			fprintf(stderr, "sysctl: %.*s: no name is so long\n", (int)(eq - word), word);
		else
			name_wrong(ns, name);
		return (1);
	}
	return (row_set(row, eq + 1, fl));
}

/* The lines of sysctl.conf(5): name=value, comments by #. */
static int
file_run(const struct names *ns, const char *path, const struct flags *fl)
{
	char line[4096], *p;
	FILE *f;
	int bad = 0;

	if ((f = fopen(path, "r")) == NULL) {
		fprintf(stderr, "sysctl: %s: %s\n", path, strerror(errno));
		return (1);
	}
	for (int nr = 1; fgets(line, sizeof(line), f) != NULL; nr++) {
		line[strcspn(line, "#\n")] = '\0';
		p = line + strspn(line, " \t");
		for (size_t n = strlen(p); n > 0 && strchr(" \t\r", p[n - 1]) != NULL; n--)
			p[n - 1] = '\0';
		if (*p == '\0')
			continue;
		if (strchr(p, '=') == NULL) {
			fprintf(stderr, "sysctl: %s:%d: expected name=value\n", path, nr);
			bad = 1;
		} else if (word_run(ns, p, fl) != 0) {
			fprintf(stderr, "sysctl: %s:%d: not set\n", path, nr);
			bad = 1;
		}
	}
	fclose(f);
	return (bad);
}

int
main(int argc, char *argv[])
{
	const char *file = NULL;
	struct flags fl = { false, false, false };
	struct names ns;
	bool all = false, hidden = false;
	int ch, bad = 0;

	while ((ch = getopt(argc, argv, "Aadf:nqw")) != -1) {
		switch (ch) {
		case 'A':
			hidden = true;
			all = true;
			break;
		case 'a':
			all = true;
			break;
		case 'd':
			fl.describe = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'n':
			fl.values_only = true;
			break;
		case 'q':
			fl.quiet = true;
			break;
		case 'w': /* setting needs no flag any more */
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	bsd_require("sysctl");
	names_read(&ns);
	if (file != NULL)
		bad |= file_run(&ns, file, &fl);
	for (int i = 0; i < argc; i++)
		bad |= word_run(&ns, argv[i], &fl);
	if (all || (argc == 0 && file == NULL))
		bad |= subtree_show(&ns, "", &fl, hidden);
	free(ns.row);
	return (bad);
}
