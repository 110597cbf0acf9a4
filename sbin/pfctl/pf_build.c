/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Building a statement: what the grammar calls.
 *
 * spec_new() begins a statement; each option puts itself into pc->sp and
 * refuses to be given twice (spec_mark()) or out of its range; spec_done()
 * adds what is implied (default state, flags, policy) and hands it to
 * pf_expand.c.  An option out of range is reported and the statement is
 * dropped at its end, so all errors of a statement are seen at once.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pfctl.h"

#define DEFAULT_RETURN_ICMP 3 /* unreach: port-unr */
#define TCP_FLAG_S          0x02
#define TCP_FLAG_A          0x10

void *
palloc(struct pfconf *pc, size_t size)
{
	return (conf_alloc(pc->lex, size));
}

struct place
here(const struct pfconf *pc)
{
	return ((struct place){ pc->tok.file, pc->tok.line });
}

void
perr(struct pfconf *pc, const char *fmt, ...)
{
	va_list ap;

	if (pc->sp != NULL)
		pc->sp->bad++;
	va_start(ap, fmt);
	conf_verror_at(pc->lex, pc->tok.file, pc->tok.line, fmt, ap);
	va_end(ap);
}

bool
pcopy(struct pfconf *pc, char *dst, size_t size, const char *s,
    const char *what)
{
	if (strlen(s) >= size) {
		perr(pc, "%s too long, max %zu characters", what, size - 1);
		return (false);
	}
	strcpy(dst, s);
	return (true);
}

bool
ncopy(struct pfconf *pc, char *dst, size_t size, const char *s,
    const char *what)
{
	if (!word_bare(s)) {
		perr(pc, "'%s' is no %s", s, what);
		return (false);
	}
	return (pcopy(pc, dst, size, s, what));
}

/* Digits alone are read as a number, where no bracket follows. */
bool
ifcopy(struct pfconf *pc, char dst[IFNAMSIZ], const char *s)
{
	if (s[strspn(s, "0123456789")] == '\0') {
		perr(pc, "'%s' is no interface name", s);
		return (false);
	}
	return (ncopy(pc, dst, IFNAMSIZ, s, "interface name"));
}

bool
pf_hexnumber(const char *s, int64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(s, &end, 0);
	return (*s != '\0' && *end == '\0' && errno == 0);
}

bool
pf_percent(const char *s, int64_t *n)
{
	char *end;

	*n = strtol(s, &end, 10);
	return (end != s && strcmp(end, "%") == 0);
}

bool
pf_order(struct pfconf *pc, enum section s)
{
	if (pc->require_order && s < pc->section) {
		perr(pc,
		    "Rules must be in order: options, ethernet, normalization, "
		    "queueing, translation, filtering");
		return (false);
	}
	if (s > pc->section)
		pc->section = s;
	return (true);
}

/* --- beginning and end ------------------------------------------------- */

static enum section
kind_section(int kind)
{
	if (kind &
	    (K_NAT | K_RDR | K_BINAT | K_NATANCHOR | K_RDRANCHOR |
		K_BINATANCHOR))
		return (S_NAT);
	return (kind & (K_SCRUB | K_SCRUBANCHOR) ? S_SCRUB : S_FILTER);
}

struct spec *
spec_new(struct pfconf *pc, int kind, enum pf_action action)
{
	struct spec *sp = palloc(pc, sizeof(*sp));

	sp->kind = kind;
	sp->file = pc->tok.file;
	sp->line = pc->tok.line;
	sp->r.action = (uint8_t)action;
	sp->r.rtable = -1;
	sp->x.rdomain = -1;
	sp->all = true;
	pc->sp = sp;
	return (sp);
}

bool
spec_mark(struct pfconf *pc, enum mark m, const char *what)
{
	uint64_t bit = 1ULL << m;

	if (pc->sp->marks & bit) {
		perr(pc, "%s cannot be redefined", what);
		return (false);
	}
	pc->sp->marks |= bit;
	return (true);
}

static void
imply_block(struct pfconf *pc, struct spec *sp)
{
	if (!sp->block_given && pc->set.block_return)
		sp->r.flags |= PFR_RETURN;
	if (sp->r.flags & (PFR_RETURN | PFR_RETURNICMP) &&
	    sp->r.return_icmp_type == 0 && sp->r.return_icmp6_type == 0) {
		sp->r.return_icmp_type = DEFAULT_RETURN_ICMP;
		sp->r.return_icmp_code = 3;
		sp->r.return_icmp6_type = 1;
		sp->r.return_icmp6_code = 4;
	}
}

/* State options: implied kinds and limits. */
static void
imply_state(struct pfconf *pc, struct spec *sp)
{
	struct pf_ioc_rule *r = &sp->r;
	struct spec *d = pc->set.state_defaults;

	if (d != NULL && !sp->stateopts_given) {
		r->stateflags |= d->r.stateflags;
		memcpy(r->timeout, d->r.timeout, sizeof(r->timeout));
		r->max_states = d->r.max_states;
		r->max_src_nodes = d->r.max_src_nodes;
		r->max_src_states = d->r.max_src_states;
		r->max_src_conn = d->r.max_src_conn;
		memcpy(r->conn_rate, d->r.conn_rate, sizeof(r->conn_rate));
		memcpy(r->overload, d->r.overload, sizeof(r->overload));
		sp->marks |= d->marks;
	}
	if (r->max_src_nodes != 0 || r->max_src_conn != 0 ||
	    r->conn_rate[0] != 0) {
		if (!(r->stateflags & PFS_SRCTRACK) ||
		    (sp->marks & 1ULL << M_SSRCTRACK) == 0)
			r->stateflags |= PFS_SRCTRACK | PFS_SRCTRACK_RULE;
	} else if (r->max_src_states != 0)
		r->stateflags |= PFS_SRCTRACK;
	if (r->conn_rate[1] > r->timeout[PFTM_SRC_NODE])
		r->timeout[PFTM_SRC_NODE] = r->conn_rate[1];
	if (r->max_states != 0 && r->timeout[PFTM_ADAPTIVE_START] == 0 &&
	    r->timeout[PFTM_ADAPTIVE_END] == 0) {
		r->timeout[PFTM_ADAPTIVE_START] = r->max_states / 10 * 6;
		r->timeout[PFTM_ADAPTIVE_END] = r->max_states / 10 * 12;
	}
	if (!(r->stateflags & (PFS_IFBOUND | PFS_GROUPBOUND | PFS_FLOATING)))
		r->stateflags |= pc->set.state_policy;
	if (pc->set.state_policy == 0)
		r->stateflags &= ~(
		    uint32_t)PFS_FLOATING; /* goes without saying */
}

static void
imply_pass(struct pfconf *pc, struct spec *sp)
{
	if (pc->set.fail_return)
		sp->r.flags |= PFR_RETURN;
	if (sp->kind == K_PASS && !sp->keep_given)
		sp->r.keep = PF_KEEPSTATE;
	if (sp->r.keep != PF_NOSTATE)
		imply_state(pc, sp);
	if (sp->r.keep == PF_SYNPROXY && sp->r.dir != PFD_IN)
		fprintf(pc->err,
		    "%s:%d: warning: synproxy state is for connections that come in\n",
		    sp->file, sp->line);
}

void
spec_done(struct pfconf *pc)
{
	struct spec *sp = pc->sp;

	if (sp == NULL)
		return;
	pf_order(pc, kind_section(sp->kind));
	if (sp->kind == K_SCRUB && sp->r.flags & PFR_QUICK)
		perr(pc, "scrub rules do not support 'quick'");
	if (sp->kind == K_BLOCK)
		imply_block(pc, sp);
	if (sp->kind & (K_PASS | K_MATCH))
		imply_pass(pc, sp);
	if (sp->kind == K_ANCHOR && sp->anchor == NULL && !sp->braces)
		perr(pc, "anchor without a name needs rules in braces");
	if (sp->kind == K_SCRUB && sp->r.action == PFA_SCRUB &&
	    (sp->marks & 1ULL << M_FRAGREASS) == 0)
		sp->r.flags |= PFR_FRAGREASS;
	if (sp->bad == 0)
		spec_expand(pc, sp);
	pc->sp = NULL;
}

/* --- options of filter rules ------------------------------------------- */

const char pf_flag_letters[] = "FSRPAUEWe";

static int
flag_bits(struct pfconf *pc, const char *s)
{
	const char *at;
	int bits = 0;

	for (; *s != '\0'; s++) {
		if ((at = strchr(pf_flag_letters, *s)) == NULL) {
			perr(pc, "unknown flag %c", *s);
			return (0);
		}
		bits |= 1 << (at - pf_flag_letters);
	}
	return (bits);
}

void
opt_flags(struct pfconf *pc, const char *set, const char *of)
{
	if (!spec_mark(pc, M_FLAGS, "flags") || of == NULL)
		return;
	pc->sp->r.tcpflags = (uint16_t)flag_bits(pc, set);
	pc->sp->r.tcpmask = (uint16_t)flag_bits(pc, of);
	if (pc->sp->r.tcpmask == 0)
		perr(pc, "flags needs a mask");
	if (pc->sp->r.tcpflags & ~pc->sp->r.tcpmask)
		perr(pc, "flags are never true: some are not in the mask");
}

struct node_icmp *
icmp_node(struct pfconf *pc, int proto, const char *code)
{
	struct node_icmp *n = palloc(pc, sizeof(*n));
	const char *v = proto == IPPROTO_ICMP ? "icmp" : "icmp6";
	int64_t num;

	n->proto = (uint8_t)proto;
	if (!pf_hexnumber(pc->icmpword, &num) &&
	    (num = icmp_type_number(proto, pc->icmpword)) == -1)
		perr(pc, "unknown %s-type %s", v, pc->icmpword);
	else if (num < 0 || num > 254)
		perr(pc, "illegal %s-type %s", v, pc->icmpword);
	else
		n->type = (uint8_t)(num + 1);
	if (code == NULL || n->type == 0)
		return (n);
	if (!pf_hexnumber(code, &num) &&
	    (num = icmp_code_number(proto, n->type - 1, code)) == -1)
		perr(pc, "unknown %s-code %s", v, code);
	else if (num < 0 || num > 255)
		perr(pc, "illegal %s-code %s", v, code);
	n->code = (uint8_t)num;
	n->code_set = true;
	return (n);
}

void
opt_icmp(struct pfconf *pc, int proto, struct node_icmp *list)
{
	if (spec_mark(pc, M_ICMP, "icmp-type"))
		pc->sp->icmps = list;
}

void
ids_add(struct pfconf *pc, struct node_range *list, bool group)
{
	struct node_range **end = &list,
			  **to = group ? &pc->sp->gids : &pc->sp->uids;

	pc->idgroup = false;
	while (*end != NULL)
		end = &(*end)->next;
	*end = *to;
	*to = list;
}

void
opt_label(struct pfconf *pc, const char *s)
{
	struct spec *sp = pc->sp;

	if (sp->nlabels == PF_LABELS_MAX) {
		perr(pc, "label: more than %d labels", PF_LABELS_MAX);
		return;
	}
	if (pcopy(pc, sp->r.label[sp->nlabels], PF_LABEL_SIZE, s, "label"))
		sp->nlabels++;
}

void
opt_rid(struct pfconf *pc, int64_t n)
{
	if (!spec_mark(pc, M_RID, "ridentifier"))
		return;
	if (n < 0 || n > UINT32_MAX)
		perr(pc, "ridentifier out of range");
	pc->sp->r.ridentifier = (uint32_t)n;
}

void
opt_tag(struct pfconf *pc, const char *s)
{
	if (spec_mark(pc, M_TAG, "tag"))
		pcopy(pc, pc->sp->r.tagname, PF_TAG_NAMESIZE, s, "tag");
}

void
opt_tagged(struct pfconf *pc, const char *s, bool not )
{
	if (!spec_mark(pc, M_TAGGED, "tagged"))
		return;
	pcopy(pc, pc->sp->r.match_tagname, PF_TAG_NAMESIZE, s, "tag");
	if (not )
		pc->sp->r.flags |= PFR_TAGGEDNOT;
}

void
opt_prob(struct pfconf *pc, const char *s)
{
	char *end;
	double p = strtod(s, &end);

	if (!spec_mark(pc, M_PROB, "probability"))
		return;
	if (*end == '%' && end[1] == '\0')
		p /= 100;
	else if (end == s || *end != '\0')
		p = -1;
	if (!(p > 0 && p <= 1)) {
		perr(pc, "invalid probability: %s", s);
		return;
	}
	p = p * (UINT32_MAX + 1.0);
	pc->sp->r.probability = p >= UINT32_MAX ? UINT32_MAX :
	    p < 1                               ? 1 :
						  (uint32_t)p;
}

void
opt_rtable(struct pfconf *pc, int64_t n)
{
	if (!spec_mark(pc, M_RTABLE, "rtable"))
		return;
	if (n < 0 || n > 65535)
		perr(pc, "invalid rtable id %lld", (long long)n);
	pc->sp->r.rtable = (int32_t)n;
}

void
opt_queue(struct pfconf *pc, const char *q, const char *pq)
{
	if (!spec_mark(pc, M_QUEUE, "queue"))
		return;
	pcopy(pc, pc->sp->r.qname, PF_QNAME_SIZE, q, "queue name");
	if (pq != NULL)
		pcopy(pc, pc->sp->r.pqname, PF_QNAME_SIZE, pq, "queue name");
}

void
opt_setqueue(struct pfconf *pc, const char *q, const char *pq)
{
	opt_queue(pc, q, pq);
	pc->sp->x.set_queue[0] = q;
	pc->sp->x.set_queue[1] = pq;
	pc->sp->r.qname[0] = pc->sp->r.pqname[0] = '\0';
}

void
opt_delay(struct pfconf *pc, int64_t ms)
{
	if (!spec_mark(pc, M_DELAY, "delay"))
		return;
	if (ms < 1 || ms > 0xffff)
		perr(pc, "illegal delay value %lld (1-65535)", (long long)ms);
	pc->sp->r.set_delay = (uint32_t)ms;
}

void
opt_received(struct pfconf *pc, const char *ifname, bool not )
{
	if (!spec_mark(pc, M_RCV, "received-on"))
		return;
	if (strcmp(ifname, "any") == 0) {
		pc->sp->r.flags |= PFR_RCVANY;
		strcpy(pc->sp->r.rcv_ifname, ifname);
	} else
		ifcopy(pc, pc->sp->r.rcv_ifname, ifname);
	if (not )
		pc->sp->r.flags |= PFR_RCVIFNOT;
}

void
opt_tos(struct pfconf *pc, const char *s, bool set)
{
	int64_t n;

	if (!spec_mark(pc, set ? M_SETTOS : M_TOS, set ? "set tos" : "tos"))
		return;
	if ((n = tos_number(s)) == -1 &&
	    (!pf_hexnumber(s, &n) || n < 0 || n > 255)) {
		perr(pc, "illegal tos value %s", s);
		return;
	}
	pc->sp->r.flags |= set ? PFR_SETTOS : PFR_TOS;
	if (set)
		pc->sp->r.set_tos = (uint8_t)n;
	else
		pc->sp->r.tos = (uint8_t)n;
}

void
opt_prio(struct pfconf *pc, int64_t n)
{
	if (!spec_mark(pc, M_PRIO, "prio"))
		return;
	if (n < 0 || n > 7)
		perr(pc, "prio must be 0 - 7");
	pc->sp->r.prio = (uint8_t)(n + 1);
}

void
opt_setprio(struct pfconf *pc, int64_t a, int64_t b)
{
	if (!spec_mark(pc, M_SETPRIO, "set prio"))
		return;
	if (b == -1)
		b = a;
	if (a < 0 || a > 7 || b < 0 || b > 7)
		perr(pc, "prio must be 0 - 7");
	pc->sp->r.flags |= PFR_SETPRIO;
	pc->sp->r.set_prio[0] = (uint8_t)a;
	pc->sp->r.set_prio[1] = (uint8_t)b;
}

void
opt_dn(struct pfconf *pc, int64_t a, int64_t b, bool queue)
{
	if (!spec_mark(pc, M_DN, queue ? "dnqueue" : "dnpipe"))
		return;
	if (a < 1 || a > 65535 || b < 0 || b > 65535)
		perr(pc, "%s number must be 1 - 65535",
		    queue ? "dnqueue" : "dnpipe");
	pc->sp->r.dnpipe[0] = (uint16_t)a;
	pc->sp->r.dnpipe[1] = (uint16_t)b;
	pc->sp->r.dnflags = queue;
}

void
opt_pktrate(struct pfconf *pc, int64_t n, int64_t s)
{
	if (!spec_mark(pc, M_PKTRATE, "max-pkt-rate"))
		return;
	if (n < 1 || n > UINT32_MAX / 1000 || s < 1 || s > 65535)
		perr(pc, "invalid max-pkt-rate %lld/%lld", (long long)n,
		    (long long)s);
	pc->sp->r.pktrate[0] = (uint32_t)n;
	pc->sp->r.pktrate[1] = (uint32_t)s;
}

void
opt_pktsize(struct pfconf *pc, int64_t n)
{
	if (!spec_mark(pc, M_PKTSIZE, "max-pkt-size"))
		return;
	if (n < 1 || n > 65535)
		perr(pc, "max-pkt-size must be 1 - 65535");
	pc->sp->r.max_pkt_size = (uint16_t)n;
}

void
opt_divert(struct pfconf *pc, const char *host, struct node_range *port)
{
	if (!spec_mark(pc, M_DIVERT, "divert-to") || port == NULL)
		return;
	if (port->op != PF_OP_EQ || port->val[0] == 0) {
		perr(pc, "divert-to needs one port other than 0");
		return;
	}
	pc->sp->r.divert = PF_DIVERT_SOCKET;
	pc->sp->r.divert_port = (uint16_t)port->val[0];
	if (host != NULL)
		pc->sp->divert_hosts = host_word(pc, host, -1);
}

void
opt_divert_packet(struct pfconf *pc, struct node_range *port)
{
	if (!spec_mark(pc, M_DIVERT, "divert-packet") || port == NULL)
		return;
	if (port->op != PF_OP_EQ || port->val[0] == 0)
		perr(pc, "divert-packet needs one port other than 0");
	pc->sp->r.divert = PF_DIVERT_PACKET;
	pc->sp->r.divert_port = (uint16_t)port->val[0];
}

void
opt_scrub(struct pfconf *pc, enum mark m, int64_t n)
{
	static const struct {
		enum mark m;
		const char *name;
		uint32_t flag;
		int64_t max;
	} words[] = {
		{ M_NODF, "no-df", PFR_NODF, 0 },
		{ M_RANDOMID, "random-id", PFR_RANDOMID, 0 },
		{ M_REASSTCP, "reassemble tcp", PFR_REASSTCP, 0 },
		{ M_FRAGREASS, "fragment", 0, 0 },
		{ M_MINTTL, "min-ttl", 0, 255 },
		{ M_MAXMSS, "max-mss", 0, 65535 },
	};
	size_t i;

	for (i = 0; words[i].m != m; i++)
		continue;
	if (!spec_mark(pc, m, words[i].name))
		return;
	pc->sp->r.flags |= words[i].flag;
	if (words[i].max != 0 && (n < 1 || n > words[i].max))
		perr(pc, "illegal %s value %lld", words[i].name, (long long)n);
	if (m == M_FRAGREASS && n)
		pc->sp->r.flags |= PFR_FRAGREASS;
	if (m == M_MINTTL)
		pc->sp->r.min_ttl = (uint8_t)n;
	if (m == M_MAXMSS)
		pc->sp->r.max_mss = (uint16_t)n;
}

void
opt_log_to(struct pfconf *pc, const char *ifname)
{
	char *end;
	unsigned long unit;

	if (strncmp(ifname, "pflog", 5) != 0 ||
	    (unit = strtoul(ifname + 5, &end, 10)) > 255 || ifname[5] == '\0' ||
	    *end != '\0') {
		perr(pc, "log interface must be pflog0 - pflog255, not '%s'",
		    ifname);
		return;
	}
	pc->sp->r.logif = (uint8_t)unit;
}

static int
return_code(struct pfconf *pc, int proto, const char *s)
{
	int64_t n;
	int type = proto == IPPROTO_ICMP ? 3 : 1;

	if (!pf_hexnumber(s, &n) &&
	    (n = icmp_code_number(proto, type, s)) == -1) {
		perr(pc, "unknown return code %s", s);
		return (0);
	}
	if (n < 0 || n > 255)
		perr(pc, "illegal return code %s", s);
	return ((int)n);
}

void
opt_returnicmp(struct pfconf *pc, int proto, const char *code,
    const char *code6)
{
	struct spec *sp = pc->sp;

	sp->block_given = true;
	sp->r.flags |= PFR_RETURNICMP;
	sp->r.return_icmp_type = DEFAULT_RETURN_ICMP;
	sp->r.return_icmp_code = 3;
	sp->r.return_icmp6_type = 1;
	sp->r.return_icmp6_code = 4;
	if (code != NULL)
		sp->r.return_icmp_code = (uint8_t)return_code(pc, IPPROTO_ICMP,
		    code);
	if (code6 != NULL)
		sp->r.return_icmp6_code = (uint8_t)return_code(pc,
		    IPPROTO_ICMPV6, code6);
}
