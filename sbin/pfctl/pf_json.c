/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Writing JSON (RFC 8259), front to back: objects and arrays are opened and
 * ended, the writer knows where commas go.  Bytes that are no ASCII are
 * written as they are when they are UTF-8, as U+FFFD otherwise.
 */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "pf_ctl.h"

enum { DEPTH = 64 + 2 * PF_ANCHOR_DEPTH };

struct json {
	FILE *f;
	int depth;
	char end[DEPTH]; /* what closes each level */
	bool more[DEPTH];
};

struct json *
json_begin(FILE *f)
{
	struct json *js = xcalloc(1, sizeof(*js));

	js->f = f;
	return (js);
}

/* How many bytes of UTF-8 begin at s; 0: none that are valid (RFC 3629). */
static int
utf8_length(const unsigned char *s)
{
	int n = *s >= 0xc2 && *s < 0xe0 ? 2 :
	    (*s & 0xf0) == 0xe0         ? 3 :
	    *s >= 0xf0 && *s < 0xf5     ? 4 :
					  0;
	int i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return (0);
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] >= 0xa0) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] >= 0x90))
		return (0);
	return (n);
}

static void
quote(FILE *f, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	int n;

	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else if (*s < 0x80)
			fputc(*s, f);
		else if ((n = utf8_length(s)) == 0)
			fputs("\\ufffd", f);
		else {
			fwrite(s, 1, (size_t)n, f);
			s += n - 1;
		}
	}
	fputc('"', f);
}

/* Comma, new line, key: what stands before every value. */
static void
lead(struct json *js, const char *key)
{
	if (js->more[js->depth])
		fputc(',', js->f);
	if (js->depth > 0)
		fprintf(js->f, "\n%*s", js->depth * 2, "");
	js->more[js->depth] = true;
	if (key == NULL)
		return;
	quote(js->f, key);
	fputs(": ", js->f);
}

static void
begin(struct json *js, const char *key, char open, char close)
{
	lead(js, key);
	if (js->depth + 1 == DEPTH)
		errx(1, "nested too deep for JSON");
	fputc(open, js->f);
	js->depth++;
	js->end[js->depth] = close;
	js->more[js->depth] = false;
}

void
json_object(struct json *js, const char *key)
{
	begin(js, key, '{', '}');
}

void
json_array(struct json *js, const char *key)
{
	begin(js, key, '[', ']');
}

void
json_end(struct json *js)
{
	char c = js->end[js->depth];
	bool any = js->more[js->depth--];

	if (any)
		fprintf(js->f, "\n%*s", js->depth * 2, "");
	fputc(c, js->f);
}

void
json_finish(struct json *js)
{
	while (js->depth > 0)
		json_end(js);
	fputc('\n', js->f);
	free(js);
}

void
json_str(struct json *js, const char *key, const char *s)
{
	lead(js, key);
	quote(js->f, s);
}

void
json_num(struct json *js, const char *key, uint64_t n)
{
	lead(js, key);
	fprintf(js->f, "%llu", (unsigned long long)n);
}

void
json_percent(struct json *js, const char *key, uint32_t n)
{
	lead(js, key);
	fprintf(js->f, "%.6f", n * 100.0 / (UINT32_MAX + 1.0));
}

void
json_bool(struct json *js, const char *key, bool on)
{
	lead(js, key);
	fputs(on ? "true" : "false", js->f);
}

void
json_null(struct json *js, const char *key)
{
	lead(js, key);
	fputs("null", js->f);
}

void
json_ip(struct json *js, const char *key, int af, const struct ip_addr *a)
{
	char buf[INET6_ADDRSTRLEN];

	if (inet_ntop(af, a->b, buf, sizeof(buf)) == NULL)
		json_null(js, key);
	else
		json_str(js, key, buf);
}
