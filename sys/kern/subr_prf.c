/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Words: formatting, the log, the last words.
 *
 * Lines go to the host at once and into a ring of recent ones that
 * sysctl kern.msgbuf shows.
 */

#include <sys/systm.h>
#include <sys/log.h>
#include <sys/sysctl.h>
#include <machine/host.h>

#define LINE_MAX 240
#define RING     16384

struct out {
	char *buf;
	size_t size, len; /* len may pass size: what it would have been */
};

struct spec {
	bool left, zero, negative, upper;
	int width, precision; /* -1: none */
	int longs;            /* -2 hh .. 2 ll */
	unsigned int base;
};

static void
out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void
out_pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		out_char(o, c);
}

static void
out_string(struct out *o, const struct spec *sp, const char *s)
{
	size_t len;

	if (s == NULL)
		s = "(null)";
	len = sp->precision >= 0 ? strnlen(s, (size_t)sp->precision) :
				   strlen(s);
	if (!sp->left)
		out_pad(o, ' ', sp->width - (int)len);
	for (size_t i = 0; i < len; i++)
		out_char(o, s[i]);
	if (sp->left)
		out_pad(o, ' ', sp->width - (int)len);
}

static void
out_number(struct out *o, const struct spec *sp, uint64_t v)
{
	const char *digits = sp->upper ? "0123456789ABCDEF" :
					 "0123456789abcdef";
	char buf[24];
	int n = 0, zeros, total;

	do
		buf[n++] = digits[v % sp->base];
	while ((v /= sp->base) > 0);
	zeros = sp->precision - n;
	if (sp->zero && !sp->left && sp->precision < 0)
		zeros = sp->width - n - sp->negative;
	zeros = MAX(zeros, 0);
	total = n + zeros + sp->negative;
	if (!sp->left)
		out_pad(o, ' ', sp->width - total);
	if (sp->negative)
		out_char(o, '-');
	out_pad(o, '0', zeros);
	while (n > 0)
		out_char(o, buf[--n]);
	if (sp->left)
		out_pad(o, ' ', sp->width - total);
}

static int64_t
arg_signed(int longs, va_list *ap)
{
	switch (longs) {
	case 2:
	case 1:
		return (va_arg(*ap, long));
	case -1:
		return ((short)va_arg(*ap, int));
	case -2:
		return ((signed char)va_arg(*ap, int));
	default:
		return (va_arg(*ap, int));
	}
}

static uint64_t
arg_unsigned(int longs, va_list *ap)
{
	switch (longs) {
	case 2:
	case 1:
		return (va_arg(*ap, unsigned long));
	case -1:
		return ((unsigned short)va_arg(*ap, unsigned int));
	case -2:
		return ((unsigned char)va_arg(*ap, unsigned int));
	default:
		return (va_arg(*ap, unsigned int));
	}
}

static int
number_read(const char **fmt, va_list *ap)
{
	int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		return (va_arg(*ap, int));
	}
	while (**fmt >= '0' && **fmt <= '9')
		n = n * 10 + *(*fmt)++ - '0';
	return (n);
}

/* Flags, width, precision and length; *fmt is left at the conversion. */
static void
spec_read(struct spec *sp, const char **fmt, va_list *ap)
{
	memset(sp, 0, sizeof(*sp));
	sp->precision = -1;
	sp->base = 10;
	for (; **fmt == '-' || **fmt == '0'; (*fmt)++) {
		sp->left |= **fmt == '-';
		sp->zero |= **fmt == '0';
	}
	sp->width = number_read(fmt, ap);
	if (sp->width < 0) {
		sp->left = true;
		sp->width = -sp->width;
	}
	if (**fmt == '.') {
		(*fmt)++;
		sp->precision = number_read(fmt, ap);
	}
	for (;; (*fmt)++) {
		if (**fmt == 'l')
			sp->longs++;
		else if (**fmt == 'h')
			sp->longs--;
		else if (**fmt == 'z' || **fmt == 'j' || **fmt == 't')
			sp->longs = 1;
		else
			break;
	}
}

static void
out_signed(struct out *o, struct spec *sp, int64_t v)
{
	sp->negative = v < 0;
	out_number(o, sp, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void
out_pointer(struct out *o, struct spec *sp, const void *p)
{
	out_char(o, '0');
	out_char(o, 'x');
	sp->base = 16;
	out_number(o, sp, (uintptr_t)p);
}

static void
out_conversion(struct out *o, struct spec *sp, char conv, va_list *ap)
{
	char one[2] = { 0, 0 };

	switch (conv) {
	case 'd':
	case 'i':
		out_signed(o, sp, arg_signed(sp->longs, ap));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		sp->base = conv == 'u' ? 10 : conv == 'o' ? 8 : 16;
		sp->upper = conv == 'X';
		out_number(o, sp, arg_unsigned(sp->longs, ap));
		break;
	case 'p':
		out_pointer(o, sp, va_arg(*ap, void *));
		break;
	case 's':
		out_string(o, sp, va_arg(*ap, const char *));
		break;
	case 'c':
		one[0] = (char)va_arg(*ap, int);
		out_string(o, sp, one);
		break;
	default: /* %% and what we do not know stands for itself */
		out_char(o, conv);
		break;
	}
}

int
vsnprintf(char *buf, size_t size, const char *fmt, va_list ap0)
{
	struct out o = { buf, size, 0 };
	struct spec sp;
	va_list ap;

	va_copy(ap, ap0);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			out_char(&o, *fmt);
			continue;
		}
		fmt++;
		spec_read(&sp, &fmt, &ap);
		if (*fmt == '\0')
			break;
		out_conversion(&o, &sp, *fmt, &ap);
	}
	va_end(ap);
	if (size > 0)
		buf[MIN(o.len, size - 1)] = '\0';
	return ((int)o.len);
}

int
snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return (n);
}

/* --- the log --- */

static struct {
	char text[RING];
	size_t at; /* next byte to write */
	bool full;
} ring;

static void
ring_add(const char *line, size_t len)
{
	for (size_t i = 0; i <= len; i++) {
		ring.text[ring.at++] = i < len ? line[i] : '\n';
		if (ring.at == RING) {
			ring.at = 0;
			ring.full = true;
		}
	}
}

static void
vlog(int level, const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	size_t len;

	vsnprintf(line, sizeof(line), fmt, ap);
	len = strlen(line);
	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	ring_add(line, len);
	host_log(level, line, len);
}

void
log(int level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(level, fmt, ap);
	va_end(ap);
}

void
printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, fmt, ap);
	va_end(ap);
}

static int
msgbuf_sysctl(struct sysctl_req *req)
{
	int error = 0;

	if (ring.full)
		error = sysctl_out(req, ring.text + ring.at, RING - ring.at);
	if (error == 0)
		error = sysctl_out(req, ring.text, ring.at);
	return (error != 0 ? error : sysctl_out(req, "", 1));
}

static const struct sysctl_row log_rows[] = {
	{ .name = "kern.msgbuf",
	    .type = CTL_STRING,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = msgbuf_sysctl,
	    .text = "the last lines of the log" },
};
static struct sysctl_table log_table = { .rows = log_rows,
	.nrows = nitems(log_rows) };

void
loginit(void)
{
	sysctl_register(&log_table);
}

/* --- the end --- */

void
panic(const char *fmt, ...)
{
	char text[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log(LOG_EMERG, "panic: %s", text);
	host_abort(text);
}

void
kassert_fail(const char *file, int line, const char *what)
{
	panic("%s:%d: not true: %s", file, line, what);
}
