/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The lexer of every configuration file: macros, include, quoting, line
 * numbers, and errors that name file and line.  See conf.c for the rules.
 */

#ifndef _LIBCONF_CONF_H_
#define _LIBCONF_CONF_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_TOKEN_MAX     8096 /* longest token or macro, in bytes */
#define CONF_INCLUDE_DEPTH 32

struct conf;

enum conf_kind {
	CONF_END,     /* end of the last file */
	CONF_NEWLINE, /* end of a line; every file ends with one */
	CONF_CHAR,    /* punctuation: ch */
	CONF_OP,      /* != <= >= <> >< ->: keyword is ch << 8 | second */
	CONF_WORD,    /* bare word that is no keyword: str */
	CONF_STRING,  /* quoted: str */
	CONF_NUMBER,  /* num; str as written */
	CONF_KEYWORD, /* keyword as given to conf_new(); str */
	CONF_BAD      /* was reported already; the line is skipped */
};

struct conf_token {
	enum conf_kind kind;
	int ch, keyword;
	int64_t num;
	char *str; /* the arena's: lives as long as the conf */
	const char *file;
	int line;          /* where it begins */
	const char *macro; /* in whose text it stands, NULL: in none */
};

struct conf_word {
	const char *name;
	int keyword;
};

/*
 * A lexer with these keywords, sorted by strcmp(); the table must outlive
 * it.  Errors go to err (not closed).  Never NULL: without memory the
 * program ends with a message, as in conf_alloc().
 */
struct conf *conf_new(const struct conf_word *words, size_t nwords, FILE *err);

/* Frees the lexer and all that conf_alloc() gave.  NULL is allowed. */
void conf_free(struct conf *c);

/*
 * Opens path ("-": standard input, called `stdin' in errors) on top of what
 * is being read.  0, or -1 with errno; ELOOP when nested too deep.
 */
int conf_push_file(struct conf *c, const char *path);

/* The same for text in memory (not copied), called name in errors. */
void conf_push_text(struct conf *c, const char *text, size_t len,
    const char *name);

/* Reads the next token. */
void conf_next(struct conf *c, struct conf_token *t);

/*
 * The next word is to be taken as a plain string even if it is a keyword.
 * Cleared by the next token.
 */
void conf_want_string(struct conf *c);

/*
 * Defines a macro.  With fixed (command line) a later definition by the
 * file does not change it.  0, or -1: the name is not letters, digits, `_'.
 */
int conf_macro_set(struct conf *c, const char *name, const char *value,
    bool fixed);

/* NULL: not defined. */
const char *conf_macro_get(struct conf *c, const char *name);

/* Calls fn for each macro that was defined and never used. */
void conf_macro_unused(struct conf *c, void (*fn)(void *arg, const char *name),
    void *arg);

/*
 * Reports `file:line: message' (line 0: `file: message') and counts it.  The
 * place is the last token's.
 */
void conf_error(struct conf *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conf_error_at(struct conf *c, const char *file, int line, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void conf_verror_at(struct conf *c, const char *file, int line, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

/* How many errors so far. */
int conf_errors(const struct conf *c);

/* File and line of the last token. */
const char *conf_file(const struct conf *c);
int conf_line(const struct conf *c);

/*
 * Memory that lives as long as the lexer, zeroed.  Never NULL: without
 * memory the program says so and exits 1.
 */
void *conf_alloc(struct conf *c, size_t size);
char *conf_strdup(struct conf *c, const char *s);
char *conf_printf(struct conf *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
