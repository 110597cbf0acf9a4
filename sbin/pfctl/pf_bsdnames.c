/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The names of protocols, services, users and groups that a BSD system has.
 *
 * pf_names.c asks the databases of the system first and these tables last: a
 * ruleset from a BSD loads on a system that has fewer names, or none at all
 * (a container without /etc/protocols).  Names of protocols and services are
 * those of IANA's registries.  Of one number the first name is printed.  Users
 * and groups are FreeBSD's, then those that only OpenBSD has.
 */

#include <string.h>

#include "pfctl.h"

#define T 1 /* tcp */
#define U 2 /* udp and all others */
#define B (T | U)

struct bsd_name {
	const char *name;
	int number;
	int of; /* of a service: T, U */
};

/* clang-format off */
static const struct bsd_name protos[] = {
	{ "ip", 0, 0 }, { "icmp", 1, 0 }, { "igmp", 2, 0 }, { "ggp", 3, 0 },
	{ "ipencap", 4, 0 }, { "st2", 5, 0 }, { "tcp", 6, 0 }, { "cbt", 7, 0 },
	{ "egp", 8, 0 }, { "igp", 9, 0 }, { "nvp", 11, 0 }, { "pup", 12, 0 },
	{ "argus", 13, 0 }, { "emcon", 14, 0 }, { "xnet", 15, 0 },
	{ "chaos", 16, 0 }, { "udp", 17, 0 }, { "mux", 18, 0 },
	{ "hmp", 20, 0 }, { "prm", 21, 0 }, { "xns-idp", 22, 0 },
	{ "trunk-1", 23, 0 }, { "trunk-2", 24, 0 }, { "leaf-1", 25, 0 },
	{ "leaf-2", 26, 0 }, { "rdp", 27, 0 }, { "irtp", 28, 0 },
	{ "iso-tp4", 29, 0 }, { "netblt", 30, 0 }, { "mfe-nsp", 31, 0 },
	{ "merit-inp", 32, 0 }, { "dccp", 33, 0 }, { "3pc", 34, 0 },
	{ "idpr", 35, 0 }, { "xtp", 36, 0 }, { "ddp", 37, 0 },
	{ "idpr-cmtp", 38, 0 }, { "tp++", 39, 0 }, { "il", 40, 0 },
	{ "ipv6", 41, 0 }, { "sdrp", 42, 0 }, { "ipv6-route", 43, 0 },
	{ "ipv6-frag", 44, 0 }, { "idrp", 45, 0 }, { "rsvp", 46, 0 },
	{ "gre", 47, 0 }, { "dsr", 48, 0 }, { "bna", 49, 0 }, { "esp", 50, 0 },
	{ "ah", 51, 0 }, { "i-nlsp", 52, 0 }, { "swipe", 53, 0 },
	{ "narp", 54, 0 }, { "mobile", 55, 0 }, { "tlsp", 56, 0 },
	{ "skip", 57, 0 }, { "ipv6-icmp", 58, 0 }, { "icmp6", 58, 0 },
	{ "ipv6-nonxt", 59, 0 }, { "ipv6-opts", 60, 0 }, { "cftp", 62, 0 },
	{ "sat-expak", 64, 0 }, { "kryptolan", 65, 0 }, { "rvd", 66, 0 },
	{ "ippc", 67, 0 }, { "sat-mon", 69, 0 }, { "visa", 70, 0 },
	{ "ipcv", 71, 0 }, { "cpnx", 72, 0 }, { "rspf", 73, 0 },
	{ "wsn", 74, 0 }, { "pvp", 75, 0 }, { "br-sat-mon", 76, 0 },
	{ "sun-nd", 77, 0 }, { "wb-mon", 78, 0 }, { "wb-expak", 79, 0 },
	{ "iso-ip", 80, 0 }, { "vmtp", 81, 0 }, { "secure-vmtp", 82, 0 },
	{ "vines", 83, 0 }, { "ttp", 84, 0 }, { "nsfnet-igp", 85, 0 },
	{ "dgp", 86, 0 }, { "tcf", 87, 0 }, { "eigrp", 88, 0 },
	{ "ospf", 89, 0 }, { "sprite-rpc", 90, 0 }, { "larp", 91, 0 },
	{ "mtp", 92, 0 }, { "ax.25", 93, 0 }, { "ipip", 94, 0 },
	{ "micp", 95, 0 }, { "scc-sp", 96, 0 }, { "etherip", 97, 0 },
	{ "encap", 98, 0 }, { "gmtp", 100, 0 }, { "ifmp", 101, 0 },
	{ "pnni", 102, 0 }, { "pim", 103, 0 }, { "aris", 104, 0 },
	{ "scps", 105, 0 }, { "qnx", 106, 0 },
	{ "ipcomp", 108, 0 }, { "snp", 109, 0 }, { "compaq-peer", 110, 0 },
	{ "ipx-in-ip", 111, 0 }, { "carp", 112, 0 }, { "vrrp", 112, 0 },
	{ "pgm", 113, 0 }, { "l2tp", 115, 0 }, { "ddx", 116, 0 },
	{ "iatp", 117, 0 }, { "stp", 118, 0 }, { "srp", 119, 0 },
	{ "uti", 120, 0 }, { "smp", 121, 0 }, { "sm", 122, 0 },
	{ "ptp", 123, 0 }, { "isis", 124, 0 }, { "fire", 125, 0 },
	{ "crtp", 126, 0 }, { "crudp", 127, 0 }, { "sscopmce", 128, 0 },
	{ "iplt", 129, 0 }, { "sps", 130, 0 }, { "pipe", 131, 0 },
	{ "sctp", 132, 0 }, { "fc", 133, 0 }, { "rsvp-e2e-ignore", 134, 0 },
	{ "mobility-header", 135, 0 }, { "udplite", 136, 0 },
	{ "mpls-in-ip", 137, 0 }, { "manet", 138, 0 }, { "hip", 139, 0 },
	{ "shim6", 140, 0 }, { "wesp", 141, 0 }, { "rohc", 142, 0 },
	{ "pfsync", 240, 0 },
};
static const struct bsd_name services[] = {
	{ "tcpmux", 1, B }, { "compressnet", 2, B }, { "compressnet", 3, B },
	{ "rje", 5, B }, { "echo", 7, B }, { "discard", 9, B },
	{ "systat", 11, B }, { "daytime", 13, B }, { "qotd", 17, B },
	{ "msp", 18, B }, { "chargen", 19, B }, { "ftp-data", 20, B },
	{ "ftp", 21, B }, { "ssh", 22, B }, { "telnet", 23, B },
	{ "smtp", 25, B }, { "mail", 25, B }, { "nsw-fe", 27, B },
	{ "msg-icp", 29, B }, { "msg-auth", 31, B }, { "dsp", 33, B },
	{ "time", 37, B }, { "rap", 38, B }, { "rlp", 39, B },
	{ "graphics", 41, B }, { "nameserver", 42, B }, { "name", 42, B },
	{ "nicname", 43, B }, { "whois", 43, B }, { "mpm-flags", 44, B },
	{ "mpm", 45, B }, { "mpm-snd", 46, B }, { "ni-ftp", 47, B },
	{ "auditd", 48, B }, { "tacacs", 49, B }, { "re-mail-ck", 50, B },
	{ "la-maint", 51, B }, { "xns-time", 52, B }, { "domain", 53, B },
	{ "xns-ch", 54, B }, { "isi-gl", 55, B }, { "xns-auth", 56, B },
	{ "xns-mail", 58, B }, { "acas", 62, B }, { "whoispp", 63, B },
	{ "covia", 64, B }, { "tacacs-ds", 65, B }, { "sql-net", 66, B },
	{ "bootps", 67, B }, { "dhcps", 67, B }, { "bootpc", 68, B },
	{ "dhcpc", 68, B }, { "tftp", 69, B }, { "gopher", 70, B },
	{ "netrjs-1", 71, B }, { "netrjs-2", 72, B }, { "netrjs-3", 73, B },
	{ "netrjs-4", 74, B }, { "deos", 76, B }, { "vettcp", 78, B },
	{ "finger", 79, B }, { "http", 80, B }, { "www", 80, B },
	{ "xfer", 82, B }, { "mit-ml-dev", 83, B }, { "ctf", 84, B },
	{ "mfcobol", 86, B }, { "kerberos-sec", 88, B }, { "kerberos", 88, B },
	{ "su-mit-tg", 89, B }, { "dnsix", 90, B }, { "mit-dov", 91, B },
	{ "npp", 92, B }, { "dcp", 93, B }, { "objcall", 94, B },
	{ "supdup", 95, B }, { "dixie", 96, B }, { "swift-rvf", 97, B },
	{ "tacnews", 98, B }, { "metagram", 99, B }, { "newacct", 100, T },
	{ "hostname", 101, B }, { "iso-tsap", 102, B }, { "gppitnp", 103, B },
	{ "acr-nema", 104, B }, { "csnet-ns", 105, B }, { "rtelnet", 107, B },
	{ "snagas", 108, B }, { "pop2", 109, B }, { "pop3", 110, B },
	{ "sunrpc", 111, B }, { "rpcbind", 111, B }, { "mcidas", 112, B },
	{ "auth", 113, B }, { "ident", 113, B }, { "sftp", 115, B },
	{ "ansanotify", 116, B }, { "uucp-path", 117, B },
	{ "sqlserv", 118, B }, { "nntp", 119, B }, { "cfdptkt", 120, B },
	{ "erpc", 121, B }, { "smakynet", 122, B }, { "ntp", 123, B },
	{ "ansatrader", 124, B }, { "locus-map", 125, B }, { "nxedit", 126, B },
	{ "locus-con", 127, B }, { "gss-xlicen", 128, B }, { "pwdgen", 129, B },
	{ "cisco-fna", 130, B }, { "cisco-tna", 131, B },
	{ "cisco-sys", 132, B }, { "statsrv", 133, B }, { "ingres-net", 134, B },
	{ "epmap", 135, B }, { "profile", 136, B }, { "netbios-ns", 137, B },
	{ "netbios-dgm", 138, B }, { "netbios-ssn", 139, B },
	{ "emfis-data", 140, B }, { "emfis-cntl", 141, B }, { "bl-idm", 142, B },
	{ "imap", 143, B }, { "uma", 144, B }, { "uaac", 145, B },
	{ "iso-tp0", 146, B }, { "iso-ip", 147, B }, { "jargon", 148, B },
	{ "aed-512", 149, B }, { "hems", 151, B }, { "bftp", 152, B },
	{ "sgmp", 153, B }, { "netsc-prod", 154, B }, { "netsc-dev", 155, B },
	{ "sqlsrv", 156, B }, { "knet-cmp", 157, B }, { "pcmail-srv", 158, B },
	{ "nss-routing", 159, B }, { "sgmp-traps", 160, B }, { "snmp", 161, B },
	{ "snmptrap", 162, B }, { "cmip-man", 163, B }, { "xns-courier", 165, B },
	{ "s-net", 166, B }, { "namp", 167, B }, { "print-srv", 170, B },
	{ "multiplex", 171, B }, { "mailq", 174, B }, { "xdmcp", 177, B },
	{ "nextstep", 178, B }, { "bgp", 179, B }, { "prospero", 191, B },
	{ "irc", 194, B }, { "smux", 199, B }, { "at-rtmp", 201, B },
	{ "at-nbp", 202, B }, { "at-echo", 204, B }, { "at-zis", 206, B },
	{ "qmtp", 209, B }, { "z39-50", 210, B }, { "ipx", 213, B },
	{ "imap3", 220, B }, { "ptp-event", 319, B }, { "ptp-general", 320, B },
	{ "ldap", 389, B }, { "svrloc", 427, B }, { "https", 443, B },
	{ "snpp", 444, B }, { "microsoft-ds", 445, B }, { "kpasswd", 464, B },
	{ "smtps", 465, T }, { "isakmp", 500, B }, { "exec", 512, T },
	{ "biff", 512, U }, { "login", 513, T }, { "who", 513, U },
	{ "shell", 514, T }, { "syslog", 514, U }, { "printer", 515, B },
	{ "talk", 517, B }, { "ntalk", 518, B }, { "router", 520, U },
	{ "ripng", 521, B }, { "uucp", 540, B }, { "klogin", 543, B },
	{ "kshell", 544, B }, { "dhcpv6-client", 546, B },
	{ "dhcpv6-server", 547, B }, { "afpovertcp", 548, B }, { "rtsp", 554, B },
	{ "nntps", 563, B }, { "submission", 587, B }, { "ipp", 631, B },
	{ "ldaps", 636, B }, { "ldp", 646, B }, { "kerberos-adm", 749, B },
	{ "domain-s", 853, B }, { "rsync", 873, B }, { "ftps-data", 989, B },
	{ "ftps", 990, B }, { "telnets", 992, B }, { "imaps", 993, B },
	{ "pop3s", 995, B }, { "socks", 1080, B }, { "openvpn", 1194, B },
	{ "ms-sql-s", 1433, B }, { "l2tp", 1701, B }, { "pptp", 1723, B },
	{ "radius", 1812, B }, { "radacct", 1813, B }, { "hsrp", 1985, B },
	{ "nfsd", 2049, B }, { "nfs", 2049, B }, { "mysql", 3306, B },
	{ "svn", 3690, B }, { "ipsec-nat-t", 4500, B }, { "vxlan", 4789, U },
	{ "sip", 5060, B }, { "sips", 5061, B }, { "xmpp-client", 5222, T },
	{ "xmpp-server", 5269, T }, { "mdns", 5353, B },
	{ "postgresql", 5432, B }, { "spamd", 8025, T }, { "http-alt", 8080, B },
};
static const struct bsd_name users[] = {
	{ "root", 0, 0 }, { "daemon", 1, 0 }, { "operator", 2, 0 }, { "bin", 3, 0 },
	{ "tty", 4, 0 }, { "kmem", 5, 0 }, { "games", 7, 0 }, { "news", 8, 0 },
	{ "man", 9, 0 }, { "sshd", 22, 0 }, { "smmsp", 25, 0 }, { "mailnull", 26, 0 },
	{ "bind", 53, 0 }, { "unbound", 59, 0 }, { "proxy", 62, 0 }, { "_pflogd", 64, 0 },
	{ "_dhcp", 65, 0 }, { "uucp", 66, 0 }, { "pop", 68, 0 }, { "auditdistd", 78, 0 },
	{ "www", 80, 0 }, { "ntpd", 123, 0 }, { "_ypldap", 160, 0 }, { "hast", 845, 0 },
	{ "nobody", 65534, 0 },
	/* OpenBSD */
	{ "_portmap", 28, 0 }, { "_identd", 29, 0 }, { "_rstatd", 30, 0 },
	{ "_rusersd", 32, 0 }, { "_fingerd", 33, 0 }, { "_x11", 35, 0 },
	{ "_pbuild", 55, 0 }, { "_spamd", 62, 0 }, { "_isakmpd", 68, 0 },
	{ "_syslogd", 73, 0 }, { "_bgpd", 75, 0 }, { "_tcpdump", 76, 0 },
	{ "_tftpd", 79, 0 }, { "_ppp", 82, 0 }, { "_ntp", 83, 0 },
	{ "_ftp", 84, 0 }, { "_ospfd", 85, 0 }, { "_hostapd", 86, 0 },
	{ "_dvmrpd", 87, 0 }, { "_ripd", 88, 0 }, { "_relayd", 89, 0 },
	{ "_ospf6d", 90, 0 }, { "_snmpd", 91, 0 },
};
static const struct bsd_name groups[] = {
	{ "wheel", 0, 0 }, { "daemon", 1, 0 }, { "kmem", 2, 0 }, { "sys", 3, 0 },
	{ "tty", 4, 0 }, { "operator", 5, 0 }, { "mail", 6, 0 }, { "bin", 7, 0 },
	{ "news", 8, 0 }, { "man", 9, 0 }, { "games", 13, 0 }, { "ftp", 14, 0 },
	{ "staff", 20, 0 }, { "sshd", 22, 0 }, { "smmsp", 25, 0 }, { "mailnull", 26, 0 },
	{ "guest", 31, 0 }, { "video", 44, 0 }, { "realtime", 47, 0 }, { "bind", 53, 0 },
	{ "unbound", 59, 0 }, { "proxy", 62, 0 }, { "authpf", 63, 0 },
	{ "_pflogd", 64, 0 }, { "_dhcp", 65, 0 }, { "uucp", 66, 0 }, { "dialer", 68, 0 },
	{ "network", 69, 0 }, { "audit", 77, 0 }, { "www", 80, 0 }, { "ntpd", 123, 0 },
	{ "_ypldap", 160, 0 }, { "hast", 845, 0 }, { "nogroup", 65533, 0 },
	{ "nobody", 65534, 0 },
	/* OpenBSD */
	{ "_portmap", 28, 0 }, { "_identd", 29, 0 }, { "_rstatd", 30, 0 },
	{ "_rusersd", 32, 0 }, { "_fingerd", 33, 0 }, { "_x11", 35, 0 },
	{ "_pbuild", 55, 0 }, { "_spamd", 62, 0 }, { "_isakmpd", 68, 0 },
	{ "_syslogd", 73, 0 }, { "_bgpd", 75, 0 }, { "_tcpdump", 76, 0 },
	{ "_tftpd", 79, 0 }, { "_ppp", 82, 0 }, { "_ntp", 83, 0 },
	{ "_ftp", 84, 0 }, { "_ospfd", 85, 0 }, { "_hostapd", 86, 0 },
	{ "_dvmrpd", 87, 0 }, { "_ripd", 88, 0 }, { "_relayd", 89, 0 },
	{ "_ospf6d", 90, 0 }, { "_snmpd", 91, 0 },
};
/* clang-format on */

static int
number_of(const struct bsd_name *t, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(t[i].name, name) == 0)
			return (t[i].number);
	return (-1);
}

int
bsd_proto_number(const char *name)
{
	return (number_of(protos, nitems(protos), name));
}

const char *
bsd_proto_name(int proto)
{
	size_t i;

	for (i = 0; i < nitems(protos); i++)
		if (protos[i].number == proto)
			return (protos[i].name);
	return (NULL);
}

int
bsd_service_port(const char *name)
{
	return (number_of(services, nitems(services), name));
}

const char *
bsd_service_name(int proto, unsigned int port)
{
	int of = proto == IPPROTO_TCP ? T : U;
	size_t i;

	for (i = 0; i < nitems(services); i++)
		if (services[i].number == (int)port && services[i].of & of)
			return (services[i].name);
	return (NULL);
}

int
bsd_user_id(const char *name, bool group)
{
	return (group ? number_of(groups, nitems(groups), name) :
			number_of(users, nitems(users), name));
}
