/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The configuration lexer.
 *
 * Statements end at the end of a line; a backslash before the end of the
 * line joins it with the next, even in a comment (#).  $name outside quotes
 * is replaced by the macro's text, which is read like text of the file but
 * is not expanded a second time; what follows it directly joins its last
 * word, so that $if:network is one word.  Inside '' and "" nothing is expanded, a
 * line end is dropped, and a backslash takes the meaning from the quote, a
 * blank, a tab or a line end.  A quoted string is never a keyword.
 *
 * Sources (files, macro texts) stand on a stack; the top one is read until
 * it ends.  A file ends with one newline of its own, so that a missing last
 * line end changes nothing; a macro just ends.
 *
 * Memory: tokens and everything a parser builds come from an arena that is
 * freed with the lexer, so no parser can leak on any error path.
 */

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libconf/conf.h"

#define ARENA_BLOCK (64 * 1024)

struct block {
	struct block *next;
	size_t used, size;
	max_align_t data[];
};

struct source {
	struct source *below;
	const char *name;
	FILE *f;          /* NULL: text */
	const char *text; /* not yet read */
	size_t left;
	int line;
	const char *macro; /* the text is this one's; NULL: a file's */
	bool ended;        /* the closing newline was given */
	int error;         /* why reading f failed, 0: it did not */
	int unread[4]; /* pushed back, last first */
	int nunread;
};

struct macro {
	struct macro *next;
	char *name, *value;
	bool used, fixed;
};

struct conf {
	const struct conf_word *words;
	size_t nwords;
	FILE *err;
	struct source *top;
	int depth;
	struct macro *macros;
	struct block *blocks;
	int errors;
	const char *file; /* of the last token */
	int line;
	bool want_string;
	char buf[CONF_TOKEN_MAX];
};

/* --- memory ------------------------------------------------------------ */

void *
conf_alloc(struct conf *c, size_t size)
{
	struct block *b = c->blocks;
	size_t room, n = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t);
	void *p;

	if (b == NULL || b->size - b->used < n) {
		room = ARENA_BLOCK / sizeof(max_align_t);
		if (room < n)
			room = n;
		b = calloc(1, sizeof(*b) + room * sizeof(max_align_t));
		if (b == NULL)
			errx(1, "out of memory");
		b->size = room;
		b->next = c->blocks;
		c->blocks = b;
	}
	p = &b->data[b->used];
	b->used += n;
	return (p);
}

char *
conf_strdup(struct conf *c, const char *s)
{
	size_t n = strlen(s) + 1;

	return (memcpy(conf_alloc(c, n), s, n));
}

char *
conf_printf(struct conf *c, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = conf_alloc(c, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (s);
}

struct conf *
conf_new(const struct conf_word *words, size_t nwords, FILE *out)
{
	struct conf *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		errx(1, "out of memory");
	c->words = words;
	c->nwords = nwords;
	c->err = out;
	c->file = "";
	return (c);
}

static void
pop(struct conf *c)
{
	struct source *s = c->top;

	c->top = s->below;
	if (!s->macro)
		c->depth--;
	if (s->f != NULL && s->f != stdin)
		fclose(s->f);
	free(s);
}

void
conf_free(struct conf *c)
{
	struct block *b;

	if (c == NULL)
		return;
	while (c->top != NULL)
		pop(c);
	while ((b = c->blocks) != NULL) {
		c->blocks = b->next;
		free(b);
	}
	free(c);
}

/* --- sources ----------------------------------------------------------- */

static struct source *
push(struct conf *c, const char *name)
{
	struct source *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		errx(1, "out of memory");
	s->name = conf_strdup(c, name);
	s->line = 1;
	s->below = c->top;
	c->top = s;
	return (s);
}

int
conf_push_file(struct conf *c, const char *path)
{
	bool std = strcmp(path, "-") == 0;
	FILE *f;

	if (c->depth >= CONF_INCLUDE_DEPTH) {
		errno = ELOOP;
		return (-1);
	}
	if ((f = std ? stdin : fopen(path, "re")) == NULL)
		return (-1);
	c->depth++;
	push(c, std ? "stdin" : path)->f = f;
	return (0);
}

void
conf_push_text(struct conf *c, const char *text, size_t len, const char *name)
{
	struct source *s = push(c, name);

	c->depth++;
	s->text = text;
	s->left = len;
}

static void
push_macro(struct conf *c, const char *name, const char *value)
{
	int line = c->top->line; /* errors name where it is used */
	struct source *s = push(c, c->top->name);

	s->line = line;
	s->text = value;
	s->left = strlen(value);
	s->macro = name;
}

/* One byte of the top source, EOF at its end. */
static int
get_raw(struct source *s)
{
	int ch;

	if (s->nunread > 0)
		return (s->unread[--s->nunread]);
	if (s->f != NULL) {
		errno = 0;
		if ((ch = getc(s->f)) == EOF && ferror(s->f) && s->error == 0)
			s->error = errno != 0 ? errno : EIO;
		return (ch);
	}
	if (s->left == 0)
		return (EOF);
	s->left--;
	return ((unsigned char)*s->text++);
}

static void
unget(struct source *s, int ch)
{
	if (ch == '\n')
		s->line--;
	if (ch != EOF)
		s->unread[s->nunread++] = ch;
}

/* As get_raw(), with joined lines joined and lines counted. */
static int
get(struct source *s)
{
	int ch, next;

	while ((ch = get_raw(s)) == '\\') {
		if ((next = get_raw(s)) != '\n') {
			if (next != EOF)
				s->unread[s->nunread++] = next;
			return (ch);
		}
		s->line++;
	}
	if (ch == '\n')
		s->line++;
	return (ch);
}

/* --- errors ------------------------------------------------------------ */

void
conf_verror_at(struct conf *c, const char *file, int line, const char *fmt,
    va_list ap)
{
	c->errors++;
	if (line > 0)
		fprintf(c->err, "%s:%d: ", file, line);
	else
		fprintf(c->err, "%s: ", file);
	vfprintf(c->err, fmt, ap);
	fputc('\n', c->err);
}

void
conf_error_at(struct conf *c, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_verror_at(c, file, line, fmt, ap);
	va_end(ap);
}

void
conf_error(struct conf *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_verror_at(c, c->file, c->line, fmt, ap);
	va_end(ap);
}

int
conf_errors(const struct conf *c)
{
	return (c->errors);
}

const char *
conf_file(const struct conf *c)
{
	return (c->file);
}

int
conf_line(const struct conf *c)
{
	return (c->line);
}

/* --- macros ------------------------------------------------------------ */

static struct macro *
macro_find(struct conf *c, const char *name)
{
	struct macro *m;

	for (m = c->macros; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			return (m);
	return (NULL);
}

static bool
name_ok(const char *name)
{
	const char *p;

	for (p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return (false);
	return (*name != '\0');
}

int
conf_macro_set(struct conf *c, const char *name, const char *value, bool fixed)
{
	struct macro *m = macro_find(c, name);

	if (m == NULL) {
		if (!name_ok(name))
			return (-1);
		m = conf_alloc(c, sizeof(*m));
		m->name = conf_strdup(c, name);
		m->next = c->macros;
		c->macros = m;
	} else if (m->fixed && !fixed)
		return (0);
	m->value = conf_strdup(c, value);
	m->fixed = fixed;
	return (0);
}

const char *
conf_macro_get(struct conf *c, const char *name)
{
	struct macro *m = macro_find(c, name);

	if (m == NULL)
		return (NULL);
	m->used = true;
	return (m->value);
}

void
conf_macro_unused(struct conf *c, void (*fn)(void *, const char *), void *arg)
{
	struct macro *m;

	for (m = c->macros; m != NULL; m = m->next)
		if (!m->used && !m->fixed)
			fn(arg, m->name);
}

/* --- tokens ------------------------------------------------------------ */

void
conf_want_string(struct conf *c)
{
	c->want_string = true;
}

/* Reports, and skips to the end of the line. */
static enum conf_kind
bad(struct conf *c, struct source *s, const char *fmt, const char *what)
{
	int ch;

	conf_error_at(c, c->file, c->line, fmt, what);
	while (s->macro) {
		pop(c);
		s = c->top;
	}
	while ((ch = get(s)) != '\n' && ch != EOF)
		continue;
	unget(s, ch);
	return (CONF_BAD);
}

/* A byte was read that starts an expansion; false: reported. */
static bool
expand(struct conf *c, struct source *s)
{
	struct macro *m;
	size_t n = 0;
	int ch;

	while ((ch = get(s)) != EOF && (isalnum(ch) || ch == '_')) {
		if (n + 1 >= sizeof(c->buf)) {
			bad(c, s, "%s", "macro name too long");
			return (false);
		}
		c->buf[n++] = (char)ch;
	}
	unget(s, ch);
	c->buf[n] = '\0';
	if ((m = macro_find(c, c->buf)) == NULL) {
		bad(c, s, "macro '%s' not defined", c->buf);
		return (false);
	}
	m->used = true;
	push_macro(c, m->name, m->value);
	return (true);
}

static enum conf_kind
quoted(struct conf *c, struct source *s, int quote, struct conf_token *t)
{
	size_t n = 0;
	int ch, next;

	for (;;) {
		if ((ch = get_raw(s)) == EOF)
			return (bad(c, s, "%s", "string is not closed"));
		if (ch == '\n') {
			s->line++;
			continue;
		}
		if (ch == '\\') {
			next = get_raw(s);
			if (next == quote || next == ' ' || next == '\t')
				ch = next;
			else if (next == '\n') {
				s->line++;
				continue;
			} else if (next != EOF)
				s->unread[s->nunread++] = next;
		} else if (ch == quote)
			break;
		if (n + 1 >= sizeof(c->buf))
			return (bad(c, s, "%s", "string too long"));
		c->buf[n++] = (char)ch;
	}
	c->buf[n] = '\0';
	t->str = conf_strdup(c, c->buf);
	return (CONF_STRING);
}

/* What may follow a number; anything else makes it a word. */
static bool
ends_number(int ch)
{
	return (ch == EOF || isspace(ch) || strchr("),/}=", ch) != NULL);
}

static bool
in_word(int ch)
{
	return (ch > ' ' && ch < 0x7f && strchr("(){}<>!=#,/", ch) == NULL);
}

static enum conf_kind
word_kind(struct conf *c, struct conf_token *t)
{
	size_t lo = 0, hi = c->nwords, mid;
	int cmp;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if ((cmp = strcmp(t->str, c->words[mid].name)) == 0) {
			t->keyword = c->words[mid].keyword;
			return (CONF_KEYWORD);
		}
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return (CONF_WORD);
}

/* Is the text a whole number that fits?  `-' alone is not. */
static bool
number(const char *s, int64_t *num)
{
	const char *p = s + (*s == '-');
	char *end;

	if (!isdigit((unsigned char)*p))
		return (false);
	errno = 0;
	*num = strtoll(s, &end, 10);
	return (*end == '\0' && errno == 0);
}

/* The next byte of a word: the end of a macro does not end it ($if:network). */
static int
get_word(struct conf *c)
{
	int ch;

	while ((ch = get(c->top)) == EOF && c->top->macro)
		pop(c);
	return (ch);
}

static enum conf_kind
word(struct conf *c, int ch, struct conf_token *t, bool plain)
{
	const char *p;
	size_t n = 0;

	do {
		if (n + 1 >= sizeof(c->buf))
			return (bad(c, c->top, "%s", "word too long"));
		c->buf[n++] = (char)ch;
	} while ((ch = get_word(c)) != EOF && in_word(ch));
	unget(c->top, ch);
	c->buf[n] = '\0';
	t->str = conf_strdup(c, c->buf);
	if (ends_number(ch) && number(c->buf, &t->num))
		return (CONF_NUMBER);
	for (p = c->buf + (*c->buf == '-'); isdigit((unsigned char)*p); p++)
		continue;
	if (ends_number(ch) && *p == '\0' && p > c->buf)
		return (bad(c, c->top, "number %s out of range", c->buf));
	return (plain ? CONF_WORD : word_kind(c, t));
}

static enum conf_kind
punct(struct source *s, int ch, struct conf_token *t)
{
	static const char pairs[][2] = { { '!', '=' }, { '<', '=' },
		{ '>', '=' }, { '<', '>' }, { '>', '<' }, { '-', '>' } };
	size_t i;
	int next = get(s);

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == ch && pairs[i][1] == next) {
			t->keyword = ch << 8 | next;
			return (CONF_OP);
		}
	}
	unget(s, next);
	t->ch = ch;
	return (CONF_CHAR);
}

/* Skips blanks and comments; the source a token then comes from is on top. */
static int
skip(struct conf *c)
{
	struct source *s;
	int ch;

	for (;;) {
		if ((s = c->top) == NULL)
			return (EOF);
		while ((ch = get(s)) == ' ' || ch == '\t' || ch == '\f' ||
		    ch == '\r')
			continue;
		if (ch == '#')
			while ((ch = get(s)) != '\n' && ch != EOF)
				continue;
		if (ch != EOF)
			return (ch);
		if (!s->macro && !s->ended) {
			s->ended = true;
			if (s->error != 0) /* half a file is none */
				conf_error_at(c, s->name, s->line,
				    "cannot be read: %s", strerror(s->error));
			return ('\n');
		}
		pop(c);
	}
}

/* The next byte that is no blank; macros are opened.  -2: reported. */
static int
start(struct conf *c)
{
	int ch;

	while ((ch = skip(c)) == '$' && !c->top->macro) {
		c->file = c->top->name;
		c->line = c->top->line;
		if (!expand(c, c->top))
			return (-2);
	}
	return (ch);
}

static enum conf_kind
lex(struct conf *c, struct source *s, int ch, struct conf_token *t, bool plain)
{
	int next;

	if (ch == '\n')
		return (CONF_NEWLINE);
	if (ch == '"' || ch == '\'')
		return (quoted(c, s, ch, t));
	if (isalnum(ch) || ch == ':' || ch == '_')
		return (word(c, ch, t, plain));
	if (ch == '-') {
		next = get(s);
		unget(s, next);
		if (next != EOF && isdigit(next))
			return (word(c, ch, t, plain));
	}
	return (punct(s, ch, t));
}

void
conf_next(struct conf *c, struct conf_token *t)
{
	bool plain = c->want_string;
	struct source *s;
	int ch;

	c->want_string = false;
	memset(t, 0, sizeof(*t));
	if ((ch = start(c)) == -2) {
		t->kind = CONF_BAD;
	} else if ((s = c->top) == NULL) {
		t->kind = CONF_END;
	} else {
		c->file = s->name;
		c->line = s->line - (ch == '\n' && !s->ended);
		t->macro = s->macro;
		t->kind = lex(c, s, ch, t, plain);
	}
	t->file = c->file;
	t->line = c->line;
}
