/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * tcpdump: the system's tcpdump on a capture of this machine's kernel.
 *
 * The expression is compiled here and set as the filter of a bpf descriptor,
 * so that only what was asked for leaves the kernel.  What comes is written
 * as a capture file into a pipe, and the system's tcpdump reads that with
 * all options it was given but -i and -p, which are ours.
 */

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <net/pf/if_pflog.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/pflogfilter.h>
#include <pcap/pcap.h>

/* The options of tcpdump 4.99, to tell them from the expression. */
#define OPTIONS \
	"+aAb:B:c:C:dDeE:fF:G:hHi:I:j:J:KlLm:M:nNOpqQ:r:s:StT:uUvV:w:W:xXy:z:Z:#"
#define SNAPLEN 262144

struct opts {
	const char *ifname, *file;
	bool list, nopromisc, offline;
	uint32_t snaplen;
	char **pass; /* for the system's tcpdump */
	int npass;
};

static void __attribute__((__noreturn__, __format__(__printf__, 1, 2)))
fail(const char *fmt, ...)
{
	va_list ap;

	fputs("tcpdump: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static const char *
system_tcpdump(void)
{
	static const char *const paths[] = { "/usr/bin/tcpdump",
		"/usr/sbin/tcpdump" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], X_OK) == 0)
			return (paths[i]);
	fail("the system's tcpdump is not installed (apt-get install tcpdump)");
}

static void
pass(struct opts *o, char *arg)
{
	o->pass[o->npass++] = arg;
}

static void
option_read(struct opts *o, int ch)
{
	static char flag[128][3];

	switch (ch) {
	case '?':
		exit(1);
	case 'i':
		o->ifname = optarg;
		return;
	case 'D':
		o->list = true;
		return;
	case 'p':
		o->nopromisc = true;
		return;
	case 'r':
	case 'V':
	case 'h':
	case 'd':
		o->offline = true;
		break;
	case 'F':
		o->file = optarg;
		return;
	case 's':
		o->snaplen = (uint32_t)strtoul(optarg, NULL, 10);
		o->snaplen = o->snaplen == 0 || o->snaplen > SNAPLEN ?
		    SNAPLEN :
		    o->snaplen;
		return;
	default:
		break;
	}
	snprintf(flag[ch & 127], sizeof(flag[0]), "-%c", ch);
	pass(o, flag[ch & 127]);
	if (optarg != NULL)
		pass(o, optarg);
}

/* --- interfaces --- */

static void
interfaces_list(void)
{
	size_t len;
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", &len);

	if (rows == NULL)
		fail("list of interfaces: %s", strerror(errno));
	for (size_t i = 0; i < len / sizeof(*rows); i++)
		printf("%zu.%s%s%s\n", i + 1, rows[i].name,
		    (rows[i].flags & IFF_UP) != 0 ? " [Up]" : "",
		    (rows[i].flags & IFF_LOOPBACK) != 0 ? " [Loopback]" : "");
	free(rows);
}

/* The first that is up and not a loopback; else the first that is up. */
static const char *
interface_default(void)
{
	static char name[IFNAMSIZ];
	size_t len;
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", &len);

	if (rows == NULL)
		fail("list of interfaces: %s", strerror(errno));
	for (uint32_t skip = IFF_LOOPBACK;; skip = 0) {
		for (size_t i = 0; i < len / sizeof(*rows) && name[0] == '\0';
		     i++)
			if ((rows[i].flags & IFF_UP) != 0 &&
			    (rows[i].flags & skip) == 0)
				memcpy(name, rows[i].name, sizeof(name));
		if (name[0] != '\0' || skip == 0)
			break;
	}
	free(rows);
	if (name[0] == '\0')
		fail("no interface is up");
	return (name);
}

/* --- capture --- */

static char *
expression(const struct opts *o, char *argv[])
{
	static char text[65536];
	FILE *f;
	size_t n = 0;

	if (o->file != NULL) {
		if ((f = fopen(o->file, "r")) == NULL)
			fail("%s: %s", o->file, strerror(errno));
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	for (; *argv != NULL; argv++) {
		if (n + strlen(*argv) + 2 > sizeof(text))
			fail("the expression is too long");
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", *argv);
	}
	return (text);
}

static int
capture_open(const struct opts *o, const char *expr, unsigned int *dlt)
{
	struct bpf_timeval tv = { .tv_usec = 100000 };
	struct bpf_ifreq req;
	struct bpf_program prog;
	unsigned int size = 256 * 1024;
	pcap_t *p;
	int fd;

	if ((fd = open("/dev/bpf", O_RDWR)) == -1)
		fail("/dev/bpf: %s", strerror(errno));
	memset(&req, 0, sizeof(req));
	snprintf(req.bi_name, sizeof(req.bi_name), "%s", o->ifname);
	if (ioctl(fd, BIOCSBLEN, &size) == -1 ||
	    ioctl(fd, BIOCSRTIMEOUT, &tv) == -1)
		fail("/dev/bpf: %s", strerror(errno));
	if (ioctl(fd, BIOCSETIF, &req) == -1)
		fail("%s: %s", o->ifname,
		    errno == ENXIO ? "no such interface" : strerror(errno));
	if (ioctl(fd, BIOCGDLT, dlt) == -1)
		fail("%s: %s", o->ifname, strerror(errno));
	if ((p = pcap_open_dead((int)*dlt, (int)o->snaplen)) == NULL)
		fail("no memory");
	if (pcap_compile(p, &prog, expr, 1, PCAP_NETMASK_UNKNOWN) == -1)
		fail("%s", pcap_geterr(p));
	if (*dlt == DLT_PFLOG)
		pflog_filter_mend(prog.bf_insns, prog.bf_len);
	if (ioctl(fd, BIOCSETF, &prog) == -1)
		fail("filter: %s", strerror(errno));
	if (!o->nopromisc && ioctl(fd, BIOCPROMISC) == -1)
		fail("%s: promiscuous mode: %s", o->ifname, strerror(errno));
	pcap_freecode(&prog);
	pcap_close(p);
	return (fd);
}

static volatile sig_atomic_t stop;

static void
stopped(int sig)
{
	(void)sig;
	stop = 1;
}

/* One message of the kernel as records of a capture file. */
static bool
records_write(const uint8_t *buf, size_t len, FILE *out)
{
	struct bpf_hdr bh;
	uint32_t rec[4];

	for (size_t off = 0; off + sizeof(bh) <= len;
	     off += BPF_ALIGN(bh.bh_hdrlen + bh.bh_caplen)) {
		memcpy(&bh, buf + off, sizeof(bh));
		if (bh.bh_hdrlen < sizeof(bh) ||
		    bh.bh_caplen > len - off - bh.bh_hdrlen)
			fail(
			    "the kernel sent a capture that contradicts itself");
		rec[0] = (uint32_t)(bh.bh_stamp_ns / 1000000000);
		rec[1] = (uint32_t)(bh.bh_stamp_ns % 1000000000);
		rec[2] = bh.bh_caplen;
		rec[3] = bh.bh_datalen;
		if (fwrite(rec, sizeof(rec), 1, out) != 1 ||
		    fwrite(buf + off + bh.bh_hdrlen, 1, bh.bh_caplen, out) !=
			bh.bh_caplen)
			return (false);
	}
	return (fflush(out) == 0);
}

static void
capture_run(int fd, unsigned int dlt, uint32_t snaplen, FILE *out)
{
	static uint8_t buf[BPF_MAXBUF];
	const uint32_t head[] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, snaplen, dlt };
	struct sigaction sa = { .sa_handler = stopped };
	ssize_t n;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL); /* it has seen enough (-c) */
	signal(SIGPIPE, SIG_IGN);
	if (fwrite(head, sizeof(head), 1, out) != 1 || fflush(out) != 0)
		return;
	while (!stop && (n = read(fd, buf, sizeof(buf))) > 0)
		if (!records_write(buf, (size_t)n, out))
			return;
}

static void
system_exec(const char *path, struct opts *o, char *expr[])
{
	for (; expr != NULL && *expr != NULL; expr++)
		pass(o, *expr);
	pass(o, NULL);
	unsetenv("LD_PRELOAD");
	execv(path, o->pass);
	fail("%s: %s", path, strerror(errno));
}

/*
 * The system's tcpdump reads our pipe and says so in a line of its own: that
 * line is told as what it means, a capture on ifname.  A process of its own,
 * which ends with tcpdump's stderr.  Its descriptor to write to.
 */
static int
stderr_filter(const char *ifname)
{
	static const char theirs[] = "reading from file -,";
	char *line = NULL;
	size_t room = 0;
	FILE *in;
	pid_t pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fail("%s", strerror(errno));
	if (pid != 0) {
		close(fds[0]);
		return (fds[1]);
	}
	signal(SIGINT, SIG_IGN);
	close(fds[1]);
	if ((in = fdopen(fds[0], "r")) == NULL)
		_exit(1);
	while (getline(&line, &room, in) != -1)
		if (strncmp(line, theirs, sizeof(theirs) - 1) == 0)
			fprintf(stderr, "listening on %s,%s", ifname,
			    line + sizeof(theirs) - 1);
		else
			fputs(line, stderr);
	_exit(0);
}

static int
live(struct opts *o, const char *path, char *argv[])
{
	static char r[] = "-r", dash[] = "-";
	unsigned int dlt;
	int fd, err, fds[2], status = 0;
	FILE *out;
	pid_t pid;

	if (o->ifname == NULL)
		o->ifname = interface_default();
	fd = capture_open(o, expression(o, argv), &dlt);
	err = stderr_filter(o->ifname);
	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fail("%s", strerror(errno));
	if (pid == 0) {
		signal(SIGINT, SIG_IGN); /* it ends with its input */
		dup2(fds[0], STDIN_FILENO);
		dup2(err, STDERR_FILENO);
		pass(o, r);
		pass(o, dash);
		system_exec(path, o, NULL);
	}
	close(fds[0]);
	close(err);
	if ((out = fdopen(fds[1], "w")) == NULL)
		fail("%s", strerror(errno));
	capture_run(fd, dlt, o->snaplen, out);
	fclose(out);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	while (wait(NULL) != -1 || errno == EINTR)
		; /* the last lines are out */
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int
main(int argc, char *argv[])
{
	struct opts o = { .snaplen = SNAPLEN };
	const char *path = system_tcpdump();
	static char name[] = "tcpdump";
	int ch;

	if ((o.pass = calloc((size_t)argc * 2 + 8, sizeof(*o.pass))) == NULL)
		fail("no memory");
	pass(&o, name);
	while ((ch = getopt(argc, argv, OPTIONS)) != -1)
		option_read(&o, ch);
	if (o.offline)
		system_exec(path, &o, argv + optind);
	bsd_require("tcpdump");
	if (o.list) {
		interfaces_list();
		return (0);
	}
	return (live(&o, path, argv + optind));
}
