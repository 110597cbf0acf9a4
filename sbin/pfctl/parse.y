/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The grammar of pf.conf, classic and modern, and its words.
 *
 * Nothing but the grammar: each action calls one function of pf_build.c
 * (rules), pf_set.c (options), pf_host.c (addresses and ports), pf_table.c,
 * pf_eth.c or pf_altq.c.  The statement being read is pc->sp.  A list may
 * stand wherever one item may; pf_expand.c multiplies them out.
 */

%code top {
#include <string.h>
#include "pfctl.h"
#include "pf_altq.h"
}

%define api.pure full
%define api.prefix {pf_yy}
%define parse.error custom
%parse-param { struct pfconf *pc }
%lex-param { struct pfconf *pc }
%expect 8

%union {
	int64_t num;
	const char *str;
	struct node_if *ifs;
	struct node_num *nums;
	struct node_host *host;
	struct node_range *range;
	struct node_icmp *icmp;
	struct node_str *strs;
	struct redir *redir;
	struct mac *mac;
}

%code {
static int pf_yylex(YYSTYPE *lv, struct pfconf *pc);
static void pf_yyerror(struct pfconf *pc, const char *msg);

/* Appends b to a, for lists of any kind. */
#define CHAIN(a, b) do {			\
	__typeof__(a) *end_ = &(a);		\
	while (*end_ != NULL)			\
		end_ = &(*end_)->next;		\
	*end_ = (b);				\
} while (0)
}

%token <str> STRING
%token <num> NUMBER
%token NE LE GE XRG IRG ARROW
%token AFTO ALL ALLOWOPTS ALLOWRELATED ALTQ ANCHOR ANTISPOOF ANY BANDWIDTH
%token BINAT BINATANCHOR BINATTO BITMASK BLOCK BLOCKPOLICY BRIDGETO CBQ CODE
%token CODELQ DEBUG DELAY DUMMYNETANCHOR DIVERTPACKET DIVERTREPLY DIVERTTO DNPIPE DNQUEUE DROP
%token DUPTO EIM ETHER FAILPOLICY FAIRQ FASTROUTE FILENAME FINGERPRINTS FLAGS
%token FLOATING FLUSH FOR FRAGMENT FROM GLOBAL GROUP GROUPBOUND HFSC HOSTID
%token ICMPTYPE ICMP6TYPE IFBOUND IN INCLUDE INET INET6 KEEP KEEPCOUNTERS L3
%token LABEL LEASTSTATES LIMIT LOAD LOG LOGALL LOGINTERFACE MAPE MATCH MATCHES MAX
%token MAXMSS MAXPKTRATE MAXPKTSIZE MAXSRCCONN MAXSRCCONNRATE MAXSRCNODES
%token MAXSRCSTATES MINTTL MODULATE NAT NATANCHOR NATTO NO NODF NOROUTE NOSYNC
%token ON ONCE OPTIMIZATION OS OUT OVERLOAD PASS PFLOW PORT PREFERIPV6 PRIO
%token PRIORITY PRIQ PROBABILITY PROTO QLIMIT QUEUE QUICK RANDOM RANDOMID
%token RDOMAIN RDR RDRANCHOR RDRTO REASSEMBLE RECEIVEDON REPLYTO REQUIREORDER
%token RETURN RETURNICMP RETURNICMP6 RETURNRST RIDENTIFIER ROUNDROBIN ROUTE
%token ROUTETO RTABLE RULE RULESETOPT SCRUB SCRUBANCHOR SET SETTOS SKIP SLOPPY SOURCEHASH
%token SOURCETRACK STATE STATEDEFAULTS STATEPOLICY STATICPORT STICKY SYNCOOKIES
%token SYNPROXY TABLE TAG TAGGED TBRSIZE TIMEOUT TO TOS TTL URPFFAILED USER
%token WEIGHT

%type <str> string text qname optkey varstring tosword macword
%type <num> dir af afopt natkind no not number yesno action port_op
%type <num> pooltype keepword srctrack flush poolflag schedword percent
%type <ifs> if_item if_some if_list ifspec
%type <nums> proto_item proto_some proto_list protospec
%type <host> host xhost host_list ipspec pool_hosts route_item route_list rhost
%type <host> wxhost pool_list host_item
%type <range> port_item port_some port_list portspec port id_item id_list id
%type <icmp> icmp_item icmp_list icmp6_item icmp6_list
%type <strs> str_list strspec
%type <redir> redir redirto
%type <mac> mac mac_list macspec

%%

ruleset
	: %empty
	| ruleset '\n'
	| ruleset { pc->line_err = conf_errors(pc->lex); } line '\n'
	| ruleset error '\n'		{ yyerrok; pc->sp = NULL; }
	;

line
	: option | macro | include | table | scrub_rule | altq | queue_def
	| nat_rule | nat_anchor | filter_rule | antispoof | anchor | load | ether
	| '}' { perr(pc, "syntax error: '}' closes nothing"); }
	;

include	: INCLUDE string		{ include_file(pc, $2); } ;
load	: LOAD ANCHOR string FROM string	{ load_anchor(pc, $3, $5); } ;
macro	: STRING '=' varstring		{ macro_define(pc, $1, $3); } ;
varstring
	: text
	| varstring text	{ $$ = conf_printf(pc->lex, "%s %s", $1, $2); }
	;

string	: STRING
	| DELAY			{ $$ = "delay"; }
	| ONCE			{ $$ = "once"; }
	| WEIGHT		{ $$ = "weight"; }
	| RDOMAIN		{ $$ = "rdomain"; }
	| LEASTSTATES		{ $$ = "least-states"; }
	;
text	: string
	| NUMBER	{ $$ = conf_printf(pc->lex, "%lld", (long long)$1); }
	;
optnl	: %empty | optnl '\n' ;
comma	: %empty | ',' ;
sep	: comma optnl ;
no	: %empty { $$ = 0; } | NO { $$ = 1; } ;
not	: %empty { $$ = 0; } | '!' { $$ = 1; } ;
number	: NUMBER
	| STRING {
		if (!pf_hexnumber($1, &$$)) {
			perr(pc, "%s is not a number", $1);
			YYERROR;
		}
	}
	;
yesno	: NO { $$ = 0; }
	| STRING {
		$$ = strcmp($1, "yes") == 0;
		if (!$$)
			perr(pc, "invalid value '%s', expected 'yes' or 'no'", $1);
	}
	;
strspec	: string {
		$$ = palloc(pc, sizeof(*$$));
		$$->str = $1;
	}
	| '{' optnl str_list '}'	{ $$ = $3; }
	;
str_list
	: text sep {
		$$ = palloc(pc, sizeof(*$$));
		$$->str = $1;
	}
	| str_list text sep {
		struct node_str *n = palloc(pc, sizeof(*n));

		n->str = $2;
		CHAIN($1, n);
		$$ = $1;
	}
	;

/* --- options ----------------------------------------------------------- */

option	: SET	{ set_here(pc); }
	  setting
	;
setting	: REASSEMBLE yesno		{ set_reassemble(pc, $2, false); }
	| REASSEMBLE yesno NODF		{ set_reassemble(pc, $2, true); }
	| OPTIMIZATION string		{ set_optimization(pc, $2); }
	| RULESETOPT string		{ set_ruleset_optimization(pc, $2); }
	| RULESETOPT NO			{ set_ruleset_optimization(pc, "none"); }
	| TIMEOUT timeout
	| TIMEOUT '{' optnl timeouts '}'
	| LIMIT limit
	| LIMIT '{' optnl limits '}'
	| LOGINTERFACE string		{ set_loginterface(pc, $2); }
	| LOGINTERFACE ALL		{ set_loginterface(pc, "all"); }
	| HOSTID number			{ set_hostid(pc, $2); }
	| BLOCKPOLICY DROP		{ set_policy(pc, false, false); }
	| BLOCKPOLICY RETURN		{ set_policy(pc, false, true); }
	| FAILPOLICY DROP		{ set_policy(pc, true, false); }
	| FAILPOLICY RETURN		{ set_policy(pc, true, true); }
	| REQUIREORDER yesno		{ set_require_order(pc, $2); }
	| FINGERPRINTS string		{ set_fingerprints(pc, $2); }
	| STATEPOLICY IFBOUND		{ set_state_policy(pc, PFS_IFBOUND); }
	| STATEPOLICY GROUPBOUND	{ set_state_policy(pc, PFS_GROUPBOUND); }
	| STATEPOLICY FLOATING		{ set_state_policy(pc, PFS_FLOATING); }
	| DEBUG string			{ set_debug(pc, $2); }
	| SKIP ON ifspec		{ set_skip(pc, $3); }
	| STATEDEFAULTS {
		spec_new(pc, K_PASS, PFA_PASS);
	} state_opts			{ set_state_defaults(pc); }
	| KEEPCOUNTERS			{ pc->set.keepcounters = true; }
	| SYNCOOKIES string		{ set_syncookies(pc, $2, -1, -1); }
	| SYNCOOKIES string '(' string percent comma string percent ')' {
		if (strcmp($4, "start") != 0 || strcmp($7, "end") != 0)
			perr(pc, "syncookies takes (start N%%, end N%%)");
		else
			set_syncookies(pc, $2, $5, $8);
	}
	;
percent	: string {
		if (!pf_percent($1, &$$)) {
			perr(pc, "%s is not a percentage", $1);
			$$ = -1;
		}
	}
	| NUMBER '%'
	;
timeouts: timeout sep | timeouts timeout sep ;
timeout	: string NUMBER			{ set_timeout(pc, $1, $2); } ;
limits	: limit sep | limits limit sep ;
limit	: string NUMBER			{ set_limit(pc, $1, $2); } ;

/* --- tables ------------------------------------------------------------ */

table	: TABLE '<' string '>'	{ table_begin(pc, $3); }
	  table_opts		{ table_done(pc); }
	;
table_opts
	: %empty | table_opts table_opt ;
table_opt
	: STRING {
		if (strcmp($1, "const") == 0)
			table_flag(pc, PFRT_CONST);
		else if (strcmp($1, "persist") == 0)
			table_flag(pc, PFRT_PERSIST);
		else if (strcmp($1, "counters") == 0)
			table_flag(pc, PFRT_COUNTERS);
		else
			perr(pc, "invalid table option '%s'", $1);
	}
	| FILENAME string		{ table_file(pc, $2); }
	| '{' optnl '}'			{ table_hosts(pc, NULL); }
	| '{' optnl host_list '}'	{ table_hosts(pc, $3); }
	;

/* --- what rules are made of -------------------------------------------- */

dir	: %empty { $$ = PFD_BOTH; }
	| IN { $$ = PFD_IN; }
	| OUT { $$ = PFD_OUT; }
	;
af	: INET { $$ = AF_INET; } | INET6 { $$ = AF_INET6; } ;
afopt	: %empty { $$ = AF_UNSPEC; } | af ;

log	: LOG			{ pc->sp->r.log |= PF_LOG_ON; }
	| LOGALL		{ pc->sp->r.log |= PF_LOG_ON | PF_LOG_ALL; }
	| LOG '(' logopts ')'	{ pc->sp->r.log |= PF_LOG_ON; }
	;
logopts	: logopt | logopts comma logopt ;
logopt	: ALL			{ pc->sp->r.log |= PF_LOG_ALL; }
	| MATCHES		{ pc->sp->r.log |= PF_LOG_MATCHES; }
	| USER			{ pc->sp->r.log |= PF_LOG_USER; }
	| GROUP			{ pc->sp->r.log |= PF_LOG_USER; }
	| TO string		{ opt_log_to(pc, $2); }
	;
quick	: QUICK			{ pc->sp->r.flags |= PFR_QUICK; } ;
logquick: %empty | log | quick | log quick | quick log ;
logonly	: %empty | log ;
quickonly: %empty | quick ;

if_item	: not string {
		char name[IFNAMSIZ];

		ifcopy(pc, name, $2);
		$$ = palloc(pc, sizeof(*$$));
		$$->name = $2;
		$$->not = $1;
		$$->rdomain = -1;
	}
	| not ANY {
		$$ = palloc(pc, sizeof(*$$));
		$$->any = true;
		$$->not = $1;
		$$->name = "any";
		$$->rdomain = -1;
	}
	;
if_some	: if_item | '{' optnl if_list '}' { $$ = $3; } ;
if_list	: if_some sep
	| if_list if_some sep		{ CHAIN($1, $2); $$ = $1; }
	;
ifspec	: if_item
	| '{' optnl if_list '}'		{ $$ = $3; }
	;
on	: %empty
	| ON ifspec			{ pc->sp->ifs = $2; }
	| ON RDOMAIN NUMBER		{ pc->sp->x.rdomain = (int)$3; }
	;

proto_item
	: string	{ $$ = proto_word(pc, $1); }
	| SKIP		{ $$ = proto_word(pc, "skip"); }
	| NUMBER	{ $$ = proto_number(pc, $1); }
	;
proto_some
	: proto_item | '{' optnl proto_list '}' { $$ = $3; } ;
proto_list
	: proto_some sep
	| proto_list proto_some sep	{ CHAIN($1, $2); $$ = $1; }
	;
protospec
	: proto_item
	| '{' optnl proto_list '}'	{ $$ = $3; }
	;
proto	: %empty | PROTO protospec	{ pc->sp->protos = $2; } ;

host	: string			{ $$ = host_word(pc, $1, -1); }
	| string '/' NUMBER		{ $$ = host_word(pc, $1, (int)($3 > 128 || $3 < 0 ? 999 : $3)); }
	| NUMBER '/' NUMBER		{ $$ = host_number(pc, $1, $3); }
	| STRING '-' STRING		{ $$ = host_range(pc, $1, $3); }
	| '(' string ')'		{ $$ = host_dynamic(pc, $2, -1); }
	| '(' string ')' '/' NUMBER	{ $$ = host_dynamic(pc, $2, $5); }
	| '<' string '>'		{ $$ = host_table(pc, $2); }
	;
xhost	: not host {
		struct node_host *h;

		for (h = $2; h != NULL; h = h->next)
			h->addr.neg = $1;
		$$ = $2;
	}
	| not NOROUTE			{ $$ = host_special(pc, PF_ADDR_NOROUTE); if ($$ != NULL) $$->addr.neg = $1; }
	| not URPFFAILED		{ $$ = host_special(pc, PF_ADDR_URPF); if ($$ != NULL) $$->addr.neg = $1; }
	;
/* A list may stand in a list; `any' in one is an address like others. */
host_item
	: xhost
	| ANY				{ $$ = host_special(pc, PF_ADDR_ANY); }
	| '{' optnl host_list '}'	{ $$ = $3; }
	;
host_list
	: host_item sep
	| host_list host_item sep	{ CHAIN($1, $2); $$ = $1; }
	;
ipspec	: ANY				{ $$ = NULL; }
	| xhost
	| '{' optnl host_list '}'	{ $$ = $3; }
	;

port	: text				{ $$ = port_word(pc, $1); } ;
port_op	: '=' { $$ = PF_OP_EQ; } | NE { $$ = PF_OP_NE; }
	| '<' { $$ = PF_OP_LT; } | LE { $$ = PF_OP_LE; }
	| '>' { $$ = PF_OP_GT; } | GE { $$ = PF_OP_GE; }
	;
port_item
	: port				{ $$ = port_matched(pc, $1); }
	| port_op port			{ $$ = range_op(pc, (int)$1, $2, NULL); }
	| port XRG port			{ $$ = range_op(pc, PF_OP_XRG, $1, $3); }
	| port IRG port			{ $$ = range_op(pc, PF_OP_IRG, $1, $3); }
	;
port_some
	: port_item | '{' optnl port_list '}' { $$ = $3; } ;
port_list
	: port_some sep
	| port_list port_some sep	{ CHAIN($1, $2); $$ = $1; }
	;
portspec: port_item
	| '{' optnl port_list '}'	{ $$ = $3; }
	;

hosts	: %empty
	| ALL
	| from os to			{ pc->sp->all = false; }
	| os_to
	;
from	: FROM ipspec			{ pc->sp->src = $2; }
	| FROM ipspec PORT portspec	{ pc->sp->src = $2; pc->sp->sports = $4; }
	| FROM PORT portspec		{ pc->sp->sports = $3; }
	;
os_to	: OS strspec			{ pc->sp->oses = $2; }
	| TO toside
	| OS strspec TO toside		{ pc->sp->oses = $2; }
	;
os	: %empty | OS strspec		{ pc->sp->oses = $2; } ;
to	: %empty | TO toside ;
toside	: ipspec			{ pc->sp->dst = $1; }
	| ipspec PORT portspec		{ pc->sp->dst = $1; pc->sp->dports = $3; }
	| PORT portspec			{ pc->sp->dports = $2; }
	;

id	: text				{ $$ = id_word(pc, $1, false); } ;
id_item	: id
	| port_op id			{ $$ = range_op(pc, (int)$1, $2, NULL); }
	| id XRG id			{ $$ = range_op(pc, PF_OP_XRG, $1, $3); }
	| id IRG id			{ $$ = range_op(pc, PF_OP_IRG, $1, $3); }
	;
id_list	: id_item sep
	| id_list id_item sep		{ CHAIN($1, $2); $$ = $1; }
	;

icmp_item
	: icmpword			{ $$ = icmp_node(pc, IPPROTO_ICMP, NULL); }
	| icmpword CODE text		{ $$ = icmp_node(pc, IPPROTO_ICMP, $3); }
	;
icmp6_item
	: icmpword			{ $$ = icmp_node(pc, IPPROTO_ICMPV6, NULL); }
	| icmpword CODE text		{ $$ = icmp_node(pc, IPPROTO_ICMPV6, $3); }
	;
icmpword: text				{ pc->icmpword = $1; }
	| SKIP				{ pc->icmpword = "skip"; }
	;
icmp_list
	: icmp_item sep
	| icmp_list icmp_item sep	{ CHAIN($1, $2); $$ = $1; }
	;
icmp6_list
	: icmp6_item sep
	| icmp6_list icmp6_item sep	{ CHAIN($1, $2); $$ = $1; }
	;

/* --- pools ------------------------------------------------------------- */

wxhost	: xhost
	| xhost WEIGHT NUMBER {
		struct node_host *h;

		if ($3 < 1 || $3 > 65535)
			perr(pc, "weight out of range");
		for (h = $1; h != NULL; h = h->next)
			h->weight = (uint16_t)$3;
		$$ = $1;
	}
	;
pool_list
	: wxhost sep
	| pool_list wxhost sep		{ CHAIN($1, $2); $$ = $1; }
	;
pool_hosts
	: xhost
	| '{' optnl pool_list '}'	{ $$ = $3; }
	;
redirto	: pool_hosts			{ $$ = redir_new(pc, $1); }
	;
redir	: redirto pool_opts
	| redirto PORT port		{ redir_port(pc, $3); } pool_opts
	;
pool_opts
	: %empty | pool_opts pool_opt ;
pool_opt
	: pooltype			{ redir_type(pc, (enum pf_pool_type)$1); }
	| SOURCEHASH optkey		{ redir_type(pc, PF_POOL_SRCHASH); redir_key(pc, $2); }
	| poolflag			{ redir_flag(pc, (uint8_t)$1, "pool option"); }
	| MAPE number '/' number '/' number	{ redir_mape(pc, $2, $4, $6); }
	;
pooltype: BITMASK { $$ = PF_POOL_BITMASK; }
	| RANDOM { $$ = PF_POOL_RANDOM; }
	| ROUNDROBIN { $$ = PF_POOL_ROUNDROBIN; }
	| LEASTSTATES { $$ = PF_POOL_LEASTSTATES; }
	;
optkey	: %empty { $$ = NULL; } | STRING ;
poolflag: STATICPORT { $$ = PF_POOL_STATIC; }
	| STICKY { $$ = PF_POOL_STICKY; }
	| EIM { $$ = PF_POOL_EIM; }
	| PREFERIPV6 { $$ = PF_POOL_V6NEXTHOP; }
	;

rhost	: '(' string host ')' {
		struct node_host *h;

		for (h = $3; h != NULL; h = h->next)
			ifcopy(pc, h->ifname, $2);
		$$ = $3;
	}
	| string			{ $$ = route_word(pc, $1); }
	| '(' string ')'		{ $$ = route_word(pc, $2); }
	;
route_item
	: rhost
	| rhost WEIGHT NUMBER		{ if ($1 != NULL) $1->weight = (uint16_t)$3; $$ = $1; }
	;
route_list
	: route_item sep
	| route_list route_item sep	{ CHAIN($1, $2); $$ = $1; }
	;
route_pool
	: rhost				{ route_new(pc, $1); }
	| '{' optnl route_list '}'	{ route_new(pc, $3); }
	;
route	: FASTROUTE	/* by the routing table, as without it */
	| ROUTETO	{ pc->sp->r.rt = PF_ROUTETO; } route_pool pool_opts
	| REPLYTO	{ pc->sp->r.rt = PF_REPLYTO; } route_pool pool_opts
	| DUPTO		{ pc->sp->r.rt = PF_DUPTO; } route_pool pool_opts
	;
optroute: %empty | route ;

/* --- filter rules ------------------------------------------------------ */

filter_rule
	: action dir			{ pc->sp->r.dir = (uint8_t)$2; }
	  logquick on optroute afopt proto hosts {
		pc->sp->r.af = (uint8_t)$7;
	}
	  fopts				{ spec_done(pc); }
	;
action	: PASS		{ spec_new(pc, K_PASS, PFA_PASS); $$ = 0; }
	| MATCH		{ spec_new(pc, K_MATCH, PFA_MATCH); $$ = 0; }
	| BLOCK		{ spec_new(pc, K_BLOCK, PFA_BLOCK); } block_kind { $$ = 0; }
	;
block_kind
	: %empty
	| DROP		{ pc->sp->block_given = true; }
	| RETURN	{ pc->sp->block_given = true; pc->sp->r.flags |= PFR_RETURN; }
	| RETURNRST	{ pc->sp->block_given = true; pc->sp->r.flags |= PFR_RETURNRST; }
	| RETURNRST '(' TTL NUMBER ')' {
		pc->sp->block_given = true;
		pc->sp->r.flags |= PFR_RETURNRST;
		if ($4 < 0 || $4 > 255)
			perr(pc, "illegal ttl value %lld", (long long)$4);
		pc->sp->r.return_ttl = (uint8_t)$4;
	}
	| RETURNICMP			{ opt_returnicmp(pc, 0, NULL, NULL); }
	| RETURNICMP '(' text ')'	{ opt_returnicmp(pc, IPPROTO_ICMP, $3, NULL); }
	| RETURNICMP '(' text comma text ')'	{ opt_returnicmp(pc, 0, $3, $5); }
	| RETURNICMP6			{ opt_returnicmp(pc, 0, NULL, NULL); }
	| RETURNICMP6 '(' text ')'	{ opt_returnicmp(pc, IPPROTO_ICMPV6, NULL, $3); }
	;

fopts	: %empty | fopts fopt ;
fopt	: USER id			{ ids_add(pc, $2, false); }
	| USER port_op id		{ ids_add(pc, range_op(pc, (int)$2, $3, NULL), false); }
	| USER id XRG id		{ ids_add(pc, range_op(pc, PF_OP_XRG, $2, $4), false); }
	| USER id IRG id		{ ids_add(pc, range_op(pc, PF_OP_IRG, $2, $4), false); }
	| USER '{' optnl id_list '}'	{ ids_add(pc, $4, false); }
	| GROUP 			{ pc->idgroup = true; } gid
	| FLAGS STRING '/' STRING	{ opt_flags(pc, $2, $4); }
	| FLAGS '/' STRING		{ opt_flags(pc, "", $3); }
	| FLAGS ANY			{ opt_flags(pc, NULL, NULL); }
	| ICMPTYPE icmp_item		{ opt_icmp(pc, IPPROTO_ICMP, $2); }
	| ICMPTYPE '{' optnl icmp_list '}'	{ opt_icmp(pc, IPPROTO_ICMP, $4); }
	| ICMP6TYPE icmp6_item		{ opt_icmp(pc, IPPROTO_ICMPV6, $2); }
	| ICMP6TYPE '{' optnl icmp6_list '}'	{ opt_icmp(pc, IPPROTO_ICMPV6, $4); }
	| TOS tosword			{ opt_tos(pc, $2, false); }
	| PRIO NUMBER			{ opt_prio(pc, $2); }
	| NO STATE			{ opt_keep(pc, PF_NOSTATE); }
	| keepword STATE		{ opt_keep(pc, (enum pf_keep)$1); }
	| keepword STATE '('		{ opt_keep(pc, (enum pf_keep)$1); }
	  state_opts ')'
	| FRAGMENT	{ if (spec_mark(pc, M_FRAGMENT, "fragment")) pc->sp->r.flags |= PFR_FRAGMENT; }
	| ALLOWOPTS	{ if (spec_mark(pc, M_ALLOWOPTS, "allow-opts")) pc->sp->r.flags |= PFR_ALLOWOPTS; }
	| LABEL text			{ opt_label(pc, $2); }
	| RIDENTIFIER number		{ opt_rid(pc, $2); }
	| QUEUE qname			{ opt_queue(pc, $2, NULL); }
	| QUEUE '(' qname ')'		{ opt_queue(pc, $3, NULL); }
	| QUEUE '(' qname comma qname ')'	{ opt_queue(pc, $3, $5); }
	| DNPIPE number			{ opt_dn(pc, $2, 0, false); }
	| DNPIPE '(' number ')'		{ opt_dn(pc, $3, 0, false); }
	| DNPIPE '(' number comma number ')'	{ opt_dn(pc, $3, $5, false); }
	| DNQUEUE number		{ opt_dn(pc, $2, 0, true); }
	| DNQUEUE '(' number ')'	{ opt_dn(pc, $3, 0, true); }
	| DNQUEUE '(' number comma number ')'	{ opt_dn(pc, $3, $5, true); }
	| TAG text			{ opt_tag(pc, $2); }
	| not TAGGED text		{ opt_tagged(pc, $3, $1); }
	| not RECEIVEDON string		{ opt_received(pc, $3, $1); }
	| not RECEIVEDON ANY		{ opt_received(pc, "any", $1); }
	| PROBABILITY text		{ opt_prob(pc, $2); }
	| PROBABILITY text '('		{ opt_prob(pc, $2); } /* as it is printed */
	  state_opts ')'
	| RTABLE NUMBER			{ opt_rtable(pc, $2); }
	| DIVERTTO port_item		{ opt_divert(pc, NULL, $2); }
	| DIVERTTO STRING PORT port_item	{ opt_divert(pc, $2, $4); }
	| DIVERTREPLY			{ perr(pc, "divert-reply is not supported"); }
	| DIVERTPACKET PORT port_item	{ opt_divert_packet(pc, $3); }
	| SCRUB '(' sopts ')'		{ pc->sp->r.flags |= PFR_SCRUB; }
	| NATTO redir			{ opt_redir(pc, M_NATTO, $2); }
	| RDRTO redir			{ opt_redir(pc, M_RDRTO, $2); }
	| BINATTO redir			{ opt_redir(pc, M_BINATTO, $2); }
	| AFTO af FROM redir		{ opt_afto(pc, (int)$2, $4, NULL); }
	| AFTO af FROM redir TO redir	{ opt_afto(pc, (int)$2, $4, $6); }
	| MAXPKTRATE NUMBER '/' NUMBER	{ opt_pktrate(pc, $2, $4); }
	| MAXPKTSIZE NUMBER		{ opt_pktsize(pc, $2); }
	| SET set_item
	| SET '(' set_items ')'
	| ONCE		{ if (spec_mark(pc, M_ONCE, "once")) pc->sp->r.flags |= PFR_ONCE; }
	| ROUTE text			{ pc->sp->x.rtlabel = $2; }
	| route
	;
gid	: id				{ ids_add(pc, $1, true); }
	| port_op id			{ ids_add(pc, range_op(pc, (int)$1, $2, NULL), true); }
	| id XRG id			{ ids_add(pc, range_op(pc, PF_OP_XRG, $1, $3), true); }
	| id IRG id			{ ids_add(pc, range_op(pc, PF_OP_IRG, $1, $3), true); }
	| '{' optnl id_list '}'		{ ids_add(pc, $3, true); }
	;
tosword	: text ;
qname	: text ;
set_items
	: set_item | set_items comma set_item ;
set_item: PRIO NUMBER			{ opt_setprio(pc, $2, -1); }
	| PRIO '(' NUMBER ')'		{ opt_setprio(pc, $3, -1); }
	| PRIO '(' NUMBER comma NUMBER ')'	{ opt_setprio(pc, $3, $5); }
	| TOS tosword			{ opt_tos(pc, $2, true); }
	| QUEUE qname			{ opt_setqueue(pc, $2, NULL); }
	| QUEUE '(' qname comma qname ')'	{ opt_setqueue(pc, $3, $5); }
	| DELAY NUMBER			{ opt_delay(pc, $2); }
	;
keepword: KEEP { $$ = PF_KEEPSTATE; }
	| MODULATE { $$ = PF_MODULATE; }
	| SYNPROXY { $$ = PF_SYNPROXY; }
	;
state_opts
	: state_opt | state_opts comma state_opt ;
state_opt
	: MAX NUMBER			{ opt_state(pc, M_SMAX, $2, 0); }
	| NOSYNC			{ opt_state(pc, M_SNOSYNC, 0, 0); }
	| SOURCETRACK srctrack		{ opt_state(pc, M_SSRCTRACK, $2, 0); }
	| MAXSRCSTATES NUMBER		{ opt_state(pc, M_SSRCSTATES, $2, 0); }
	| MAXSRCCONN NUMBER		{ opt_state(pc, M_SSRCCONN, $2, 0); }
	| MAXSRCCONNRATE NUMBER '/' NUMBER	{ opt_state(pc, M_SSRCCONNRATE, $2, $4); }
	| MAXSRCNODES NUMBER		{ opt_state(pc, M_SSRCNODES, $2, 0); }
	| OVERLOAD '<' string '>' flush	{ opt_overload(pc, $3, (int)$5); }
	| IFBOUND			{ opt_state(pc, M_SPOLICY, PFS_IFBOUND, 0); }
	| GROUPBOUND			{ opt_state(pc, M_SPOLICY, PFS_GROUPBOUND, 0); }
	| FLOATING			{ opt_state(pc, M_SPOLICY, PFS_FLOATING, 0); }
	| SLOPPY			{ opt_state(pc, M_SSLOPPY, 0, 0); }
	| PFLOW				{ opt_state(pc, M_SPFLOW, 0, 0); }
	| ALLOWRELATED			{ opt_state(pc, M_SRELATED, 0, 0); }
	| string NUMBER			{ opt_timeout(pc, $1, $2); }
	;
srctrack: %empty { $$ = 0; } | GLOBAL { $$ = 1; } | RULE { $$ = 2; } ;
flush	: %empty { $$ = 0; } | FLUSH { $$ = 1; } | FLUSH GLOBAL { $$ = 2; } ;

/* --- scrub ------------------------------------------------------------- */

scrub_rule
	: no SCRUB	{ spec_new(pc, K_SCRUB, $1 ? PFA_NOSCRUB : PFA_SCRUB); }
	  dir logquick on afopt proto hosts {
		pc->sp->r.dir = (uint8_t)$4;
		pc->sp->r.af = (uint8_t)$7;
	}
	  scrub_opts	{ spec_done(pc); }
	;
scrub_opts
	: %empty | scrub_opts scrub_opt ;
scrub_opt
	: sopt
	| FRAGMENT REASSEMBLE		{ opt_scrub(pc, M_FRAGREASS, 1); }
	| FRAGMENT NO REASSEMBLE	{ opt_scrub(pc, M_FRAGREASS, 0); }
	| FRAGMENT STRING		{ perr(pc, "fragment %s is not supported", $2); }
	| RTABLE NUMBER			{ opt_rtable(pc, $2); }
	| not TAGGED text		{ opt_tagged(pc, $3, $1); }
	;
sopts	: sopt comma | sopts sopt comma ;
sopt	: NODF				{ opt_scrub(pc, M_NODF, 0); }
	| MINTTL NUMBER			{ opt_scrub(pc, M_MINTTL, $2); }
	| MAXMSS NUMBER			{ opt_scrub(pc, M_MAXMSS, $2); }
	| SETTOS tosword		{ opt_tos(pc, $2, true); }
	| RANDOMID			{ opt_scrub(pc, M_RANDOMID, 0); }
	| REASSEMBLE string {
		if (strcmp($2, "tcp") == 0)
			opt_scrub(pc, M_REASSTCP, 0);
		else
			perr(pc, "scrub reassemble supports only tcp, not '%s'", $2);
	}
	;

/* --- translation ------------------------------------------------------- */

natkind	: NAT { $$ = K_NAT; } | RDR { $$ = K_RDR; } | BINAT { $$ = K_BINAT; } ;
nat_rule
	: no natkind			{ nat_begin(pc, (int)$2, $1); }
	  natpass on afopt proto hosts	{ pc->sp->r.af = (uint8_t)$6; }
	  nat_opts nat_to		{ spec_done(pc); }
	;
natpass	: logonly
	| PASS logonly			{ pc->sp->r.flags |= PFR_NATPASS; }
	;
nat_opts: %empty | nat_opts nat_opt ;
nat_opt	: TAG text			{ opt_tag(pc, $2); }
	| not TAGGED text		{ opt_tagged(pc, $3, $1); }
	| RTABLE NUMBER			{ opt_rtable(pc, $2); }
	;
nat_to	: %empty
	| ARROW redir			{ nat_redir(pc, $2); }
	;
nat_anchor
	: NATANCHOR string		{ spec_new(pc, K_NATANCHOR, PFA_NAT); anchor_name(pc, $2); } na_rest
	| RDRANCHOR string		{ spec_new(pc, K_RDRANCHOR, PFA_RDR); anchor_name(pc, $2); } na_rest
	| BINATANCHOR string		{ spec_new(pc, K_BINATANCHOR, PFA_BINAT); anchor_name(pc, $2); } na_rest
	| SCRUBANCHOR string		{ spec_new(pc, K_SCRUBANCHOR, PFA_SCRUB); anchor_name(pc, $2); } na_rest
	| DUMMYNETANCHOR string		{ line_keep(pc, "dummynet-anchor", conf_printf(pc->lex, "dummynet-anchor %s", quoted(pc, $2))); }
	;
na_rest	: on afopt proto hosts		{ pc->sp->r.af = (uint8_t)$2; }
	  nat_opts			{ spec_done(pc); }
	;

/* --- antispoof, anchors ------------------------------------------------ */

antispoof
	: ANTISPOOF			{ spec_new(pc, K_ANTISPOOF, PFA_BLOCK); }
	  logquick FOR antispoof_ifs afopt	{ pc->sp->r.af = (uint8_t)$6; }
	  antispoof_opts		{ antispoof_done(pc); }
	;
antispoof_ifs
	: antispoof_if
	| '{' optnl antispoof_list '}'
	;
antispoof_list
	: antispoof_if sep | antispoof_list antispoof_if sep ;
antispoof_if
	: if_item			{ CHAIN(pc->sp->ifs, $1); }
	| '(' if_item ')'		{ $2->dynamic = true; CHAIN(pc->sp->ifs, $2); }
	;
antispoof_opts
	: %empty | antispoof_opts antispoof_opt ;
antispoof_opt
	: LABEL text			{ opt_label(pc, $2); }
	| RIDENTIFIER number		{ opt_rid(pc, $2); }
	| RTABLE NUMBER			{ opt_rtable(pc, $2); }
	;

anchor	: ANCHOR			{ spec_new(pc, K_ANCHOR, PFA_PASS); }
	  optname dir quickonly on afopt proto hosts {
		pc->sp->r.dir = (uint8_t)$4;
		pc->sp->r.af = (uint8_t)$7;
	}
	  fopts body
	;
optname	: %empty | string		{ anchor_name(pc, $1); } ;
body	: %empty			{ spec_done(pc); }
	| '{'				{ anchor_open(pc); }
	  inner '}'			{ anchor_close(pc); }
	;
inner	: %empty
	| inner '\n'
	| inner in_line '\n'
	| inner error '\n'		{ yyerrok; pc->sp = NULL; }
	;
in_line	: filter_rule | anchor | antispoof | include | macro | table ;

/* --- ether ------------------------------------------------------------- */

ether	: ETHER eaction dir		{ eth_dir(pc, (int)$3); }
	  quickonly on ebridge eproto emacs el3 eopts	{ eth_done(pc); }
	| ETHER ANCHOR			{ eth_new(pc, "anchor"); }
	  eanchor dir			{ eth_dir(pc, (int)$5); }
	  quickonly on ebridge eproto emacs el3 ebody
	;
eanchor	: %empty | string		{ eth_anchor(pc, $1); } ;
ebody	: %empty			{ eth_done(pc); }
	| '{'				{ eth_open(pc); }
	  einner '}'			{ eth_close(pc); }
	;
einner	: %empty | einner '\n' | einner ether '\n'
	| einner error '\n'		{ yyerrok; pc->sp = NULL; }
	;
eaction	: PASS				{ eth_new(pc, "pass"); }
	| BLOCK				{ eth_new(pc, "block"); }
	| BLOCK DROP			{ eth_new(pc, "block"); }
	| MATCH				{ eth_new(pc, "match"); }
	;
ebridge	: %empty | BRIDGETO if_item	{ eth_bridge(pc, $2->name); } ;
eproto	: %empty
	| PROTO ethertype
	| PROTO '{' optnl ethertypes '}'
	;
ethertypes: ethertype sep | ethertypes ethertype sep ;
ethertype: number			{ eth_proto(pc, $1); } ;
macword	: text ;
mac	: not macword			{ $$ = eth_mac(pc, $2, -1); if ($$ != NULL) $$->not = $1; }
	| not macword '/' NUMBER	{ $$ = eth_mac(pc, $2, $4); if ($$ != NULL) $$->not = $1; }
	;
mac_list: mac sep
	| mac_list mac sep		{ if ($1 == NULL) $1 = $2; else CHAIN($1, $2); $$ = $1; }
	;
macspec	: ANY				{ $$ = NULL; }
	| mac
	| '{' optnl mac_list '}'	{ $$ = $3; }
	;
emacs	: ALL | efrom eto ;
efrom	: %empty | FROM macspec		{ eth_side(pc, false, $2); } ;
eto	: %empty | TO macspec		{ eth_side(pc, true, $2); } ;
el3	: %empty | L3 hosts ;
eopts	: %empty | eopts eopt ;
eopt	: QUEUE qname			{ opt_queue(pc, $2, NULL); }
	| LABEL text			{ opt_label(pc, $2); }
	| RIDENTIFIER number		{ opt_rid(pc, $2); }
	| TAG text			{ opt_tag(pc, $2); }
	| not TAGGED text		{ opt_tagged(pc, $3, $1); }
	| DNPIPE number			{ opt_dn(pc, $2, 0, false); }
	| DNPIPE '(' number comma number ')'	{ opt_dn(pc, $3, $5, false); }
	| DNQUEUE number		{ opt_dn(pc, $2, 0, true); }
	| DNQUEUE '(' number comma number ')'	{ opt_dn(pc, $3, $5, true); }
	;

/* --- altq and queue ---------------------------------------------------- */

altq	: ALTQ ON				{ altq_new(pc, true); }
	  ifspec				{ pc->altq->ifs = $4; }
	  aq_opts				{ altq_done(pc); }
	;
queue_def
	: QUEUE qname				{ altq_new(pc, false); pc->altq->name = $2; }
	  q_on aq_opts q_children		{ altq_done(pc); }
	;
q_on	: %empty | ON ifspec			{ pc->altq->ifs = $2; } ;
aq_opts	: %empty | aq_opts comma aq_opt ;
aq_opt	: BANDWIDTH text			{ altq_bandwidth(pc, $2); }
	| PRIORITY NUMBER			{ altq_number(pc, AQ_PRIORITY, $2); }
	| QLIMIT NUMBER				{ altq_number(pc, AQ_QLIMIT, $2); }
	| TBRSIZE NUMBER			{ altq_number(pc, AQ_TBRSIZE, $2); }
	| schedword				{ altq_sched(pc, (int)$1); }
	| schedword				{ altq_sched(pc, (int)$1); }
	  '(' sched_opts ')'			{ altq_words_end(pc); }
	| QUEUE strspec				{ pc->altq->children = $2; }
	| STRING '('				{ altq_codel(pc, $1); }
	  sched_opts ')'			{ altq_words_end(pc); }
	| text					{ altq_modern(pc, $1); }
	| MAX					{ altq_modern(pc, "max"); }
	| FOR					{ altq_modern(pc, "for"); }
	;
schedword: CBQ { $$ = AQ_CBQ; } | PRIQ { $$ = AQ_PRIQ; } | HFSC { $$ = AQ_HFSC; }
	| FAIRQ { $$ = AQ_FAIRQ; } | CODELQ { $$ = AQ_CODEL; }
	;
/* Flags and values; commas between them may be left out. */
sched_opts
	: sched_opt | sched_opts comma sched_opt ;
sched_opt
	: text					{ altq_word(pc, $1); }
	| '(' text comma text comma text ')'	{ altq_word(pc, conf_printf(pc->lex, "(%s %s %s)", $2, $4, $6)); }
	;
q_children
	: %empty
	| '{' optnl str_list '}'		{ pc->altq->children = $3; }
	;

%%
/* clang-format off */
const struct conf_word pf_words[] = {
	{ "af-to", AFTO },
	{ "all", ALL },
	{ "allow-opts", ALLOWOPTS },
	{ "allow-related", ALLOWRELATED },
	{ "altq", ALTQ },
	{ "anchor", ANCHOR },
	{ "antispoof", ANTISPOOF },
	{ "any", ANY },
	{ "bandwidth", BANDWIDTH },
	{ "binat", BINAT },
	{ "binat-anchor", BINATANCHOR },
	{ "binat-to", BINATTO },
	{ "bitmask", BITMASK },
	{ "block", BLOCK },
	{ "block-policy", BLOCKPOLICY },
	{ "bridge-to", BRIDGETO },
	{ "cbq", CBQ },
	{ "code", CODE },
	{ "codelq", CODELQ },
	{ "debug", DEBUG },
	{ "delay", DELAY },
	{ "divert-packet", DIVERTPACKET },
	{ "divert-reply", DIVERTREPLY },
	{ "divert-to", DIVERTTO },
	{ "dnpipe", DNPIPE },
	{ "dnqueue", DNQUEUE },
	{ "drop", DROP },
	{ "dummynet-anchor", DUMMYNETANCHOR },
	{ "dup-to", DUPTO },
	{ "endpoint-independent", EIM },
	{ "ether", ETHER },
	{ "fail-policy", FAILPOLICY },
	{ "fairq", FAIRQ },
	{ "fastroute", FASTROUTE },
	{ "file", FILENAME },
	{ "fingerprints", FINGERPRINTS },
	{ "flags", FLAGS },
	{ "floating", FLOATING },
	{ "flush", FLUSH },
	{ "for", FOR },
	{ "fragment", FRAGMENT },
	{ "from", FROM },
	{ "global", GLOBAL },
	{ "group", GROUP },
	{ "group-bound", GROUPBOUND },
	{ "hfsc", HFSC },
	{ "hostid", HOSTID },
	{ "icmp-type", ICMPTYPE },
	{ "icmp6-type", ICMP6TYPE },
	{ "if-bound", IFBOUND },
	{ "in", IN },
	{ "include", INCLUDE },
	{ "inet", INET },
	{ "inet6", INET6 },
	{ "keep", KEEP },
	{ "keepcounters", KEEPCOUNTERS },
	{ "l3", L3 },
	{ "label", LABEL },
	{ "least-states", LEASTSTATES },
	{ "limit", LIMIT },
	{ "load", LOAD },
	{ "log", LOG },
	{ "log-all", LOGALL },
	{ "loginterface", LOGINTERFACE },
	{ "map-e-portset", MAPE },
	{ "match", MATCH },
	{ "matches", MATCHES },
	{ "max", MAX },
	{ "max-mss", MAXMSS },
	{ "max-pkt-rate", MAXPKTRATE },
	{ "max-pkt-size", MAXPKTSIZE },
	{ "max-src-conn", MAXSRCCONN },
	{ "max-src-conn-rate", MAXSRCCONNRATE },
	{ "max-src-nodes", MAXSRCNODES },
	{ "max-src-states", MAXSRCSTATES },
	{ "min-ttl", MINTTL },
	{ "modulate", MODULATE },
	{ "nat", NAT },
	{ "nat-anchor", NATANCHOR },
	{ "nat-to", NATTO },
	{ "no", NO },
	{ "no-df", NODF },
	{ "no-route", NOROUTE },
	{ "no-sync", NOSYNC },
	{ "on", ON },
	{ "once", ONCE },
	{ "optimization", OPTIMIZATION },
	{ "os", OS },
	{ "out", OUT },
	{ "overload", OVERLOAD },
	{ "pass", PASS },
	{ "pflow", PFLOW },
	{ "port", PORT },
	{ "prefer-ipv6-nexthop", PREFERIPV6 },
	{ "prio", PRIO },
	{ "priority", PRIORITY },
	{ "priq", PRIQ },
	{ "probability", PROBABILITY },
	{ "proto", PROTO },
	{ "qlimit", QLIMIT },
	{ "queue", QUEUE },
	{ "quick", QUICK },
	{ "random", RANDOM },
	{ "random-id", RANDOMID },
	{ "rdomain", RDOMAIN },
	{ "rdr", RDR },
	{ "rdr-anchor", RDRANCHOR },
	{ "rdr-to", RDRTO },
	{ "reassemble", REASSEMBLE },
	{ "received-on", RECEIVEDON },
	{ "reply-to", REPLYTO },
	{ "require-order", REQUIREORDER },
	{ "return", RETURN },
	{ "return-icmp", RETURNICMP },
	{ "return-icmp6", RETURNICMP6 },
	{ "return-rst", RETURNRST },
	{ "ridentifier", RIDENTIFIER },
	{ "round-robin", ROUNDROBIN },
	{ "route", ROUTE },
	{ "route-to", ROUTETO },
	{ "rtable", RTABLE },
	{ "rule", RULE },
	{ "ruleset-optimization", RULESETOPT },
	{ "scrub", SCRUB },
	{ "scrub-anchor", SCRUBANCHOR },
	{ "set", SET },
	{ "set-tos", SETTOS },
	{ "skip", SKIP },
	{ "sloppy", SLOPPY },
	{ "source-hash", SOURCEHASH },
	{ "source-track", SOURCETRACK },
	{ "state", STATE },
	{ "state-defaults", STATEDEFAULTS },
	{ "state-policy", STATEPOLICY },
	{ "static-port", STATICPORT },
	{ "sticky-address", STICKY },
	{ "syncookies", SYNCOOKIES },
	{ "synproxy", SYNPROXY },
	{ "table", TABLE },
	{ "tag", TAG },
	{ "tagged", TAGGED },
	{ "tbrsize", TBRSIZE },
	{ "timeout", TIMEOUT },
	{ "to", TO },
	{ "tos", TOS },
	{ "ttl", TTL },
	{ "urpf-failed", URPFFAILED },
	{ "user", USER },
	{ "weight", WEIGHT },
};
/* clang-format on */
const size_t pf_nwords = nitems(pf_words);

/* Where the parser stopped: ` near \'word\'', or an end. */
static const char *
stopped_at(struct pfconf *pc)
{
	const struct conf_token *t = &pc->tok;

	switch (t->kind) {
	case CONF_NEWLINE:
		return (" at the end of the line");
	case CONF_END:
		return (" at the end of the file");
	case CONF_CHAR:
		return (conf_printf(pc->lex,
		    t->ch > ' ' && t->ch < 0x7f ? " near '%c'" : " near byte 0x%02x", t->ch));
	case CONF_OP:
		return (conf_printf(pc->lex, " near '%c%c'", t->keyword >> 8, t->keyword & 0xff));
	default:
		return (conf_printf(pc->lex, " near '%s'", t->str));
	}
}

/* Only when the parser cannot go on, as without memory. */
static void
pf_yyerror(struct pfconf *pc, const char *msg)
{
	conf_error_at(pc->lex, pc->tok.file, pc->tok.line, "%s", msg);
}

/*
 * What is to be said of the token that does not fit.  Where only one mark could
 * stand that is said, too; `=' is all that may follow a word that begins no
 * statement.
 */
static int
yyreport_syntax_error(const yypcontext_t *ctx, struct pfconf *pc)
{
	const struct conf_token *t = &pc->tok;
	yysymbol_kind_t want[2];
	const char *name, *more = "";

	if (t->kind == CONF_BAD)
		return (0); /* reported */
	if (t->kind == CONF_END && pc->cur->parent != NULL) {
		conf_error_at(pc->lex, pc->cur->at.file, pc->cur->at.line, "syntax error: the braces of this anchor are not closed");
		return (0);
	}
	if (yypcontext_expected_tokens(ctx, want, 2) == 1 && *(name = yysymbol_name(want[0])) == '\'') {
		if (strcmp(name, "'='") == 0 && pc->word != NULL)
			more = conf_printf(pc->lex, ": '%s' begins no statement", pc->word);
		else if (name[1] != '\\')
			more = conf_printf(pc->lex, ": %s is missing", name);
	}
	if (t->macro != NULL && t->kind == CONF_CHAR && t->ch == '$')
		conf_error_at(pc->lex, t->file, t->line, "syntax error: a macro in the text of macro '%s' is not replaced; leave out its quotes", t->macro);
	else if (t->macro != NULL)
		conf_error_at(pc->lex, t->file, t->line, "syntax error%s, in the text of macro '%s'%s", stopped_at(pc), t->macro, more);
	else
		conf_error_at(pc->lex, t->file, t->line, "syntax error%s%s", stopped_at(pc), more);
	return (0);
}

static int
op_token(int op)
{
	static const struct {
		char text[2];
		int token;
	} ops[] = { { "!=", NE }, { "<=", LE }, { ">=", GE }, { "<>", XRG }, { "><", IRG }, { "->", ARROW } };
	size_t i;

	for (i = 0; i < nitems(ops); i++)
		if (op == (ops[i].text[0] << 8 | ops[i].text[1]))
			return (ops[i].token);
	return (PF_YYUNDEF);
}

static int
pf_yylex(YYSTYPE *lv, struct pfconf *pc)
{
	struct conf_token *t = &pc->tok;

	if (pc->included) { /* the statement ends before the file begins */
		pc->included = false;
		return ('\n');
	}
	pc->word = t->kind == CONF_WORD ? t->str : NULL;
	conf_next(pc->lex, t);
	lv->str = t->str;
	switch (t->kind) {
	case CONF_END:
		return (0);
	case CONF_NEWLINE:
		return ('\n');
	case CONF_CHAR:
		return (t->ch > 0 && t->ch < 256 ? t->ch : PF_YYUNDEF);
	case CONF_OP:
		return (op_token(t->keyword));
	case CONF_NUMBER:
		lv->num = t->num;
		return (NUMBER);
	case CONF_KEYWORD:
		return (t->keyword);
	case CONF_WORD:
	case CONF_STRING:
		return (STRING);
	case CONF_BAD:
		break;
	}
	return (PF_YYUNDEF);
}
