/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the rooms of pfctl share: a configuration as it is being read
 * (struct pfconf), statements before expansion (struct spec and its
 * lists), and rules after it (struct pf_rule).  All memory is the
 * lexer's arena: conf_free() ends all of it.
 */

#ifndef _PFCTL_H_
#define _PFCTL_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <net/pf/pf_ioctl.h>
#include <netinet/in.h>
#include <libconf/conf.h>
#include <libutil/tos.h>
#include <stdbool.h>
#include <stdio.h>

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

/* --- options of the command line --------------------------------------- */

#define OPT_VERBOSE   0x0001
#define OPT_VERBOSE2  0x0002
#define OPT_NOACTION  0x0004
#define OPT_QUIET     0x0008
#define OPT_PORTNUM   0x0010 /* -P */
#define OPT_MERGE     0x0020
#define OPT_DEBUG     0x0040 /* -g */
#define OPT_DNS       0x0080 /* -r */
#define OPT_NODNS     0x0100 /* -S */
#define OPT_RECURSE   0x0200 /* -a '*' */
#define OPT_CLEAR     0x0400 /* -z */
#define OPT_JSON      0x0800
#define OPT_KILLMATCH 0x1000
#define OPT_ALL       0x2000 /* within -s all */

/* What of a file is loaded (-A -N -R -O; all without them). */
#define LOAD_ALTQ    0x01
#define LOAD_NAT     0x02
#define LOAD_FILTER  0x04
#define LOAD_OPTIONS 0x08
#define LOAD_TABLES  0x10
#define LOAD_ALL     0x1f

enum optimize { OPTIMIZE_NONE, OPTIMIZE_BASIC, OPTIMIZE_PROFILE };

/* --- interfaces: from the kernel, from the host, or from a test -------- */

struct pf_ifaddr {
	char ifname[IFNAMSIZ];
	uint8_t af, plen;
	bool loopback, pointtopoint;
	bool has_dst; /* broadcast, or the peer when pointtopoint */
	struct ip_addr addr, dst;
};

/*
 * Where interfaces come from.  addrs: all addresses, grouped by interface;
 * the array is static storage of the source or the arena's.  exists: is
 * there an interface or group of that name?  members: name itself, and the
 * interfaces of the group of that name; the caller frees, 0: no memory.
 */
struct pf_ifsource {
	size_t (*addrs)(struct conf *c, struct pf_ifaddr **list);
	bool (*exists)(const char *name);
	size_t (*members)(const char *name, char (**list)[IFNAMSIZ]);
};
extern const struct pf_ifsource pf_ifs_host, pf_ifs_kernel;
/* The machine's kernel when there is one, else the host. */
const struct pf_ifsource *pf_ifs_here(void);
/* members of the machine's kernel, as above. */
size_t pf_ifs_members(const char *name, char (**list)[IFNAMSIZ]);

/* Where something was said. */
struct place {
	const char *file;
	int line;
};

/* --- lists of a statement ---------------------------------------------- */

struct node_if {
	struct node_if *next;
	const char *name;
	bool not, any, dynamic;
	int rdomain; /* -1 */
};
struct node_host {
	struct node_host *next;
	struct pf_ioc_addr addr;
	char ifname[IFNAMSIZ]; /* route pool; scope of a link-local address */
	bool scoped;
	bool local; /* link-local of an interface named, but of loopback */
	uint16_t weight;
};
struct node_num { /* protocols */
	struct node_num *next;
	uint32_t val;
};
struct node_range { /* ports, users, groups */
	struct node_range *next;
	uint32_t val[2];
	uint8_t op;
	bool star;
};
struct node_icmp {
	struct node_icmp *next;
	uint8_t proto, type; /* type + 1 */
	uint8_t code;
	bool code_set;
};
struct node_str {
	struct node_str *next;
	struct place at;
	const char *str;
	bool not ;
};

struct redir {
	struct node_host *hosts;
	struct pf_ioc_pool pool; /* port, type, flags, key, map-e */
	bool has_port, has_key, has_mape, has_type;
};

/* The kinds of rule, as bits for the laws. */
#define K_PASS        0x0001
#define K_BLOCK       0x0002
#define K_MATCH       0x0004
#define K_ANCHOR      0x0008
#define K_NAT         0x0010
#define K_RDR         0x0020
#define K_BINAT       0x0040
#define K_SCRUB       0x0080
#define K_NATANCHOR   0x0100
#define K_RDRANCHOR   0x0200
#define K_BINATANCHOR 0x0400
#define K_SCRUBANCHOR 0x1000
#define K_ANTISPOOF   0x0800
#define K_FILTER      (K_PASS | K_BLOCK | K_MATCH | K_ANCHOR)
#define K_ALL         0xffff

/* Options given, each at most once. */
enum mark {
	M_FLAGS,
	M_ICMP,
	M_TOS,
	M_KEEP,
	M_FRAGMENT,
	M_ALLOWOPTS,
	M_QUEUE,
	M_TAG,
	M_TAGGED,
	M_PROB,
	M_RTABLE,
	M_DIVERT,
	M_PRIO,
	M_SETPRIO,
	M_SETTOS,
	M_RID,
	M_PKTRATE,
	M_PKTSIZE,
	M_NATTO,
	M_RDRTO,
	M_BINATTO,
	M_AFTO,
	M_RCV,
	M_DN,
	M_NODF,
	M_MINTTL,
	M_MAXMSS,
	M_RANDOMID,
	M_REASSTCP,
	M_FRAGREASS,
	M_ONCE,
	M_DELAY,
	M_SMAX, /* state options from here */
	M_SSRCTRACK,
	M_SSRCSTATES,
	M_SSRCCONN,
	M_SSRCCONNRATE,
	M_SSRCNODES,
	M_SOVERLOAD,
	M_SPOLICY,
	M_SSLOPPY,
	M_SNOSYNC,
	M_SPFLOW,
	M_SRELATED
};

/* What a kernel may not do: said at load. */
struct pf_extra {
	const char *set_queue[2];
	const char *rtlabel; /* route "label" */
	int rdomain;         /* -1 */
};

/* A statement before expansion. */
struct spec {
	int kind; /* K_* */
	const char *file;
	int line;
	uint64_t marks;
	struct pf_ioc_rule r; /* what does not expand */
	struct node_if *ifs;
	struct node_num *protos;
	struct node_host *src, *dst;
	struct node_range *sports, *dports;
	struct node_str *oses;
	struct node_range *uids, *gids;
	struct node_icmp *icmps;
	struct redir *route, *nat, *rdr, *binat;
	struct node_host *divert_hosts; /* NULL: a port alone */
	struct pf_extra x;
	const char *anchor;
	bool braces, keep_given, stateopts_given, no_state, block_given;
	bool all; /* hosts were given as `all' or not at all */
	bool dyn_antispoof;
	unsigned int nlabels;
	int bad; /* errors inside the statement */
};

/* --- rules after expansion --------------------------------------------- */

struct pf_rule {
	TAILQ_ENTRY(pf_rule) entry;
	struct pf_ioc_rule r;
	struct pf_ioc_poolent *ents[PF_NPOOLS];
	struct pf_extra x;
	int kind;
	const char *file;
	int line;
	struct pf_ruleset *sub; /* inline anchor */
	bool stateopts_given;
	uint64_t marks;
};
TAILQ_HEAD(pf_rules, pf_rule);

struct pf_eth;
TAILQ_HEAD(pf_eths, pf_eth);

/* An anchor as built from files; the main ruleset has the path "". */
struct pf_ruleset {
	TAILQ_ENTRY(pf_ruleset) entry; /* all of a pfconf, outer first */
	struct pf_ruleset *parent;
	struct place at; /* where its braces open, with a parent */
	const char *path;
	struct pf_rules rules[PF_RS_MAX];
	struct pf_eths eths;
	int unnamed; /* counter of _N names */
};
TAILQ_HEAD(pf_rulesets, pf_ruleset);

struct pf_table {
	TAILQ_ENTRY(pf_table) entry;
	const char *anchor, *name;
	uint32_t flags; /* PFRT_* */
	struct pf_ioc_taddr *addrs;
	size_t naddrs;
	bool list;              /* a list or file was given */
	bool exact, hosts_only; /* of -T: no host bits, no networks */
	struct place at;
	const char *text; /* as echoed, when it stands in an inline anchor */
};
TAILQ_HEAD(pf_tables, pf_table);

/* ether, altq, queue, dnpipe: parsed and printed only. */
struct pf_line {
	TAILQ_ENTRY(pf_line) entry;
	const char *text, *file, *what;
	int line;
};
TAILQ_HEAD(pf_lines, pf_line);

struct load_file {
	struct load_file *next;
	const char *anchor, *path, *file;
	int line;
};

/* What can be set, for the place where it was. */
enum pf_setting {
	SET_DEBUG,
	SET_HOSTID,
	SET_REASS,
	SET_LOGINTERFACE,
	SET_SYNCOOKIES,
	SET_SKIP,
	SET_FINGERPRINTS,
	SET_MAX
};

struct pf_options {
	struct place timeout_at[PFTM_MAX], limit_at[PF_LIMIT_MAX];
	struct place at[SET_MAX];
	uint32_t timeout[PFTM_MAX], limit[PF_LIMIT_MAX];
	bool timeout_set[PFTM_MAX], limit_set[PF_LIMIT_MAX];
	bool debug_set, hostid_set, reass_set, loginterface_set, syncookies_set;
	bool keepcounters, skip_set;
	uint32_t debug, hostid, reass;
	const char *loginterface; /* NULL: none */
	const char *fingerprints;
	struct node_str *skip;
	enum pf_syncookies syncookies;
	uint32_t syncookies_start, syncookies_end;
	bool block_return, fail_return;
	uint32_t state_policy; /* PFS_* or 0 */
	bool state_defaults_set;
	struct spec *state_defaults;
};

enum section { S_NONE, S_OPTION, S_ETHER, S_SCRUB, S_QUEUE, S_NAT, S_FILTER };

struct pfconf {
	struct conf *lex;
	struct conf_token tok;
	const char *word; /* the token before, if it is a word; else NULL */
	FILE *out, *err;
	int opts;
	int dev;  /* the device, for -o profile; -1: none */
	int load; /* LOAD_* */
	enum optimize optimize;
	bool optimize_fixed; /* -o */
	bool require_order;
	enum section section;
	struct pf_rulesets rulesets;
	struct pf_ruleset *top, *cur; /* of the file; where we are */
	struct pf_tables tables;
	struct pf_lines lines; /* altq, queue */
	struct load_file *loads, **loads_tail;
	struct pf_options set;
	struct osfps *osfps; /* fingerprints that are to be loaded, or NULL */
	const struct pf_ifsource *ifs;
	struct pf_ifaddr *ifaddrs;
	size_t nifaddrs;
	struct spec *sp; /* statement being read */
	struct redir *redir;
	struct pf_eth *eth;
	struct altq *altq;
	struct aq_child *queues; /* named so far by altq and queue lines */
	struct pf_table *table;
	struct node_str *tinit, **tinit_tail; /* echo of a table's parts */
	int line_err; /* errors when the statement began */
	int autotables;
	const char *icmpword; /* of the item being read */
	bool idgroup;         /* ids are groups */
	bool included;        /* the next token is of an included file */
	bool fatal_syntax;
};

/* pf_conf.c: begin, read, end. */

/*
 * An empty configuration.  out takes what -v echoes, err the errors; opts
 * are OPT_*; ifs is asked for interfaces.  Ended with pfconf_free().
 */
struct pfconf *pfconf_new(FILE *out, FILE *err, int opts,
    const struct pf_ifsource *ifs);
void pfconf_free(struct pfconf *pc);
/* Reads what was pushed on pc->lex into anchor (path "" for the main one).
 * Returns the number of errors so far; nothing is changed outside pc. */
int pfconf_parse(struct pfconf *pc, const char *anchor);
/* Opens path and reads it and the files of its `load anchor' lines. */
int pfconf_file(struct pfconf *pc, const char *path, const char *anchor);
/* Optimises, fills labels, prints when verbose.  Number of errors. */
int pfconf_finish(struct pfconf *pc);
struct pf_ruleset *pf_ruleset_get(struct pfconf *pc, const char *path);
/* An error at the token being read. */
void perr(struct pfconf *pc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *palloc(struct pfconf *pc, size_t size);
/* Where the token being read stands. */
struct place here(const struct pfconf *pc);
/* Copies s into dst[size]; reports `what too long' and returns false. */
bool pcopy(struct pfconf *pc, char *dst, size_t size, const char *s,
    const char *what);
/* The same for the name of an interface. */
bool ifcopy(struct pfconf *pc, char dst[IFNAMSIZ], const char *s);
/* The same for a name, which has to be one word and no keyword. */
bool ncopy(struct pfconf *pc, char *dst, size_t size, const char *s,
    const char *what);

/* parse.y */
int pf_yyparse(struct pfconf *pc);
/* The keywords, sorted. */
extern const struct conf_word pf_words[];
extern const size_t pf_nwords;

/* pf_build.c: what the grammar calls. */
bool pf_order(struct pfconf *pc, enum section s);
struct spec *spec_new(struct pfconf *pc, int kind, enum pf_action action);
bool spec_mark(struct pfconf *pc, enum mark m, const char *what);
void spec_done(struct pfconf *pc);
void opt_flags(struct pfconf *pc, const char *set, const char *of);
void opt_icmp(struct pfconf *pc, int proto, struct node_icmp *list);
void opt_label(struct pfconf *pc, const char *s);
void opt_tag(struct pfconf *pc, const char *s);
void opt_tagged(struct pfconf *pc, const char *s, bool not );
void opt_prob(struct pfconf *pc, const char *s);
void opt_rtable(struct pfconf *pc, int64_t n);
void opt_queue(struct pfconf *pc, const char *q, const char *pq);
void opt_received(struct pfconf *pc, const char *ifname, bool not );
void opt_scrub(struct pfconf *pc, enum mark m, int64_t n);
void opt_prio(struct pfconf *pc, int64_t n);
void opt_setprio(struct pfconf *pc, int64_t a, int64_t b);
void opt_dn(struct pfconf *pc, int64_t a, int64_t b, bool queue);
void opt_pktrate(struct pfconf *pc, int64_t n, int64_t s);
void opt_pktsize(struct pfconf *pc, int64_t n);
void opt_divert(struct pfconf *pc, const char *host, struct node_range *port);
void opt_keep(struct pfconf *pc, enum pf_keep keep);
void opt_state(struct pfconf *pc, enum mark m, int64_t a, int64_t b);
void opt_overload(struct pfconf *pc, const char *table, int flush);
void opt_timeout(struct pfconf *pc, const char *name, int64_t n);
void opt_returnicmp(struct pfconf *pc, int proto, const char *code,
    const char *code6);
void opt_log_to(struct pfconf *pc, const char *ifname);
void redir_type(struct pfconf *pc, enum pf_pool_type type);
void redir_flag(struct pfconf *pc, uint8_t flag, const char *what);
void redir_key(struct pfconf *pc, const char *key);
void redir_port(struct pfconf *pc, struct node_range *p);
void redir_mape(struct pfconf *pc, int64_t off, int64_t len, int64_t psid);
bool pf_hexnumber(const char *s, int64_t *n); /* 0x.. or decimal */
bool pf_percent(const char *s, int64_t *n);
struct node_icmp *icmp_node(struct pfconf *pc, int proto, const char *code);
void ids_add(struct pfconf *pc, struct node_range *list, bool group);
void opt_tos(struct pfconf *pc, const char *s, bool set);
void opt_rid(struct pfconf *pc, int64_t n);
void opt_setqueue(struct pfconf *pc, const char *q, const char *pq);
void opt_delay(struct pfconf *pc, int64_t ms);
void opt_divert_packet(struct pfconf *pc, struct node_range *port);
void opt_redir(struct pfconf *pc, enum mark m, struct redir *rd);
void opt_afto(struct pfconf *pc, int af, struct redir *from, struct redir *to);
/* Begins pc->redir: a pool of nat, rdr, binat and their -to. */
struct redir *redir_new(struct pfconf *pc, struct node_host *hosts);
struct node_host *route_word(struct pfconf *pc, const char *s);
void route_new(struct pfconf *pc, struct node_host *list);
void nat_begin(struct pfconf *pc, int kind, bool no);
void nat_redir(struct pfconf *pc, struct redir *rd);
void antispoof_done(struct pfconf *pc);
void anchor_name(struct pfconf *pc, const char *name);
void anchor_open(struct pfconf *pc);
void anchor_close(struct pfconf *pc);
void load_anchor(struct pfconf *pc, const char *anchor, const char *path);
void macro_define(struct pfconf *pc, const char *name, const char *value);
void include_file(struct pfconf *pc, const char *path);

/* pf_set.c: the `set' statements; set_here() asks whether one may stand here. */
void set_here(struct pfconf *pc);
void set_timeout(struct pfconf *pc, const char *name, int64_t n);
void set_limit(struct pfconf *pc, const char *name, int64_t n);
void set_optimization(struct pfconf *pc, const char *s);
void set_ruleset_optimization(struct pfconf *pc, const char *s);
void set_loginterface(struct pfconf *pc, const char *s);
void set_hostid(struct pfconf *pc, int64_t n);
void set_policy(struct pfconf *pc, bool fail, bool ret);
void set_require_order(struct pfconf *pc, bool on);
void set_fingerprints(struct pfconf *pc, const char *s);
void set_state_policy(struct pfconf *pc, uint32_t policy);
void set_debug(struct pfconf *pc, const char *s);
void set_skip(struct pfconf *pc, struct node_if *list);
void set_reassemble(struct pfconf *pc, bool on, bool nodf);
void set_state_defaults(struct pfconf *pc);
void set_syncookies(struct pfconf *pc, const char *mode, int64_t start,
    int64_t end);
/* Index by name, -1: none; and the names. */
int timeout_index(const char *name);
int limit_index(const char *name);
extern const char *const pf_timeout_names[PFTM_MAX];
extern const char *const pf_limit_names[PF_LIMIT_MAX];

/* pf_host.c: addresses, names, ports. */
struct node_host *host_word(struct pfconf *pc, const char *s, int plen);
struct node_host *host_number(struct pfconf *pc, int64_t net, int64_t plen);
struct node_host *host_range(struct pfconf *pc, const char *a, const char *b);
struct node_host *host_dynamic(struct pfconf *pc, const char *s, int64_t plen);
struct node_host *host_table(struct pfconf *pc, const char *name);
struct node_host *host_special(struct pfconf *pc, enum pf_addr_type type);
/* The addresses of one interface: iflags PF_IF_*; NULL: it has none. */
struct node_host *host_ifaddrs(struct pfconf *pc, const char *ifname,
    int iflags);
bool if_is_loopback(struct pfconf *pc, const char *ifname);
struct node_range *port_word(struct pfconf *pc, const char *s);
/* Ports that packets are compared with: N:* is none. */
struct node_range *port_matched(struct pfconf *pc, struct node_range *r);
struct node_range *range_op(struct pfconf *pc, int op, struct node_range *a,
    struct node_range *b);
struct node_num *proto_word(struct pfconf *pc, const char *s);
struct node_num *proto_number(struct pfconf *pc, int64_t n);
struct node_range *id_word(struct pfconf *pc, const char *s, bool group);

/* pf_names.c: tables of names. */
const char *icmp_type_name(int proto, int type);
const char *icmp_code_name(int proto, int type, int code);
int icmp_type_number(int proto, const char *name);
int icmp_code_number(int proto, int type, const char *name);
const char *proto_name(int proto);
int proto_by_name(const char *name); /* -1: unknown */
/* Service name of a port, NULL: none known. */
const char *service_name(int proto, unsigned int port);
int service_port(const char *name);
int64_t user_id(const char *name, bool group); /* -1: unknown */

/* pf_bsdnames.c: the same where the system has no such name; -1, NULL: none. */
int bsd_proto_number(const char *name);
const char *bsd_proto_name(int proto);
int bsd_service_port(const char *name);
const char *bsd_service_name(int proto, unsigned int port);
int bsd_user_id(const char *name, bool group);

/* pf_expand.c */
void spec_expand(struct pfconf *pc, struct spec *sp);
/* The first of a list that fits a family (AF_UNSPEC: any), NULL: none. */
const struct node_host *divert_host(const struct node_host *h, int af);
/* Fills $if, $srcaddr, ... in labels and tags. */
void rule_fill_macros(struct pfconf *pc, struct pf_rule *r, uint32_t nr);

/* pf_judge.c: is an expanded rule consistent?  False: said why. */
bool rule_judge(struct pfconf *pc, const struct spec *sp,
    const struct pf_rule *r);
/* Is TCP one of its protocols, or none given? */
bool spec_lists_tcp(const struct spec *sp);
struct law {
	const char *name;
	int kinds; /* K_*: whom it binds */
	bool (*broken)(const struct spec *sp, const struct pf_rule *r);
	const char *message;
};
extern const struct law pf_laws[];
extern const size_t pf_nlaws;

/* pf_md5.c: RFC 1321 of a text. */
void md5_text(const char *s, uint8_t digest[16]);

/* pf_profile.c */
struct pf_profile;
/* What the rules of anchor in the kernel have matched; empty without one. */
struct pf_profile *profile_load(struct pfconf *pc, const char *anchor);
/* Packets of a rule equal to r; 0: there is none. */
uint64_t profile_hits(const struct pf_profile *p, const struct pf_ioc_rule *r);

/* pf_subset.c: of n rules that do the same, sets those to NULL that match part
 * of what another does; of equal ones the first stays. */
void drop_subsets(struct pf_rule *r[], size_t n);

/* pf_optimize.c */
void ruleset_optimize(struct pfconf *pc, struct pf_ruleset *rs);

/* pf_print.c */
struct pf_print {
	FILE *f;
	int opts;
};
void print_rule(const struct pf_print *pp, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS], const struct pf_extra *x);
void print_addr(const struct pf_print *pp, const struct pf_ioc_addr *a);
void print_ip(FILE *f, int af, const struct ip_addr *a);
/* With -v, what is to be loaded is said: is that part (LOAD_*)? */
bool pf_echoes(const struct pfconf *pc, int part);
void print_rules(struct pfconf *pc);
/* Does the lexer read s as one word that is no keyword? */
bool word_bare(const char *s);
/* In quotes when it would not be read again as one word. */
void print_word(FILE *f, const char *s);
/* In quotes, with a backslash before its own. */
void print_quoted(FILE *f, const char *s);
const char *quoted(struct pfconf *pc, const char *s); /* the arena's */
/* queue, tag and tagged of a rule. */
void print_words(FILE *f, const struct pf_ioc_rule *r);
/* The same as text, for labels: `! a', `a/b', `<t>'. */
void addr_text(char *buf, size_t size, const struct pf_ioc_addr *a);
extern const char pf_flag_letters[];

/* pf_eth.c, pf_altq.c: lines that are parsed and printed. */
/* Echoes and keeps a line of which no rule is made; what: its first word. */
void line_keep(struct pfconf *pc, const char *what, const char *text);
struct mac {
	uint8_t addr[6], mask[6];
	bool not, set;
	struct mac *next;
};
void eth_new(struct pfconf *pc, const char *action);
void eth_done(struct pfconf *pc);
void eth_anchor(struct pfconf *pc, const char *name);
void eth_dir(struct pfconf *pc, int dir);
void eth_proto(struct pfconf *pc, int64_t n);
void eth_side(struct pfconf *pc, bool dst, struct mac *list);
struct mac *eth_mac(struct pfconf *pc, const char *s, int64_t plen);
/* Where the n-th ether rule of rs stands; false: it has not so many. */
bool eth_place(const struct pf_ruleset *rs, size_t n, struct place *at);
void eth_open(struct pfconf *pc);
void eth_close(struct pfconf *pc);
void eth_bridge(struct pfconf *pc, const char *ifname);
void eth_print(struct pfconf *pc, const struct pf_ruleset *rs, int depth);

/* pf_table.c */
void table_begin(struct pfconf *pc, const char *name);
void table_flag(struct pfconf *pc, uint32_t flag);
void table_file(struct pfconf *pc, const char *path);
void table_hosts(struct pfconf *pc, struct node_host *list);
void table_done(struct pfconf *pc);
/* Reads a file of addresses; -1: reported on pc->err. */
int table_read_file(struct pfconf *pc, struct pf_table *t, const char *path);
/* One word: [!]address[/prefix], name or interface; errors at pc->tok. */
void table_word_add(struct pfconf *pc, struct pf_table *t, const char *word);
void table_add_host(struct pfconf *pc, struct pf_table *t,
    const struct node_host *h);

#endif
