/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * tcpdump: the system's tcpdump on a capture of this machine's kernel.
 *
 * The expression is compiled here and set as the filter of a bpf descriptor,
 * so that only what was asked for leaves the kernel.  What comes is written
 * as a capture file into a pipe, and the system's tcpdump reads that with
 * the options that are not about the capture (options.c).
 */

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include <libutil/number.h>
#include <libutil/pflogfilter.h>
#include <pcap/pcap.h>

#include "tcpdump.h"

/* libpcap's; its header would say again what <net/bpf.h> says */
void bpf_dump(const struct bpf_program *prog, int how);

void
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

/* -i 2: the second interface of -D. */
static const char *
interface_numbered(const char *text)
{
	static char name[IFNAMSIZ];
	struct if_row *rows;
	uint64_t n;
	size_t len;

	if (!number_read(text, 10, 0, UINT64_MAX, &n))
		return (text);
	if ((rows = bsd_sysctl_alloc("net.link.list", &len)) == NULL)
		fail("list of interfaces: %s", strerror(errno));
	if (n < 1 || n > len / sizeof(*rows))
		fail("Invalid adapter index %s", text);
	memcpy(name, rows[n - 1].name, sizeof(name));
	free(rows);
	return (name);
}

/* A descriptor on the interface; *dlt is its link type. */
static int
bpf_open(const struct opts *o, unsigned int *dlt)
{
	struct bpf_timeval tv = { .tv_usec = 100000 };
	struct bpf_ifreq req;
	unsigned int size = o->bufsize != 0 ? o->bufsize * 1024 : 256 * 1024;
	unsigned int on = 1;
	int fd;

	if ((fd = open("/dev/bpf", O_RDWR)) == -1)
		fail("/dev/bpf: %s", strerror(errno));
	memset(&req, 0, sizeof(req));
	snprintf(req.bi_name, sizeof(req.bi_name), "%s", o->ifname);
	if (ioctl(fd, BIOCSBLEN, &size) == -1 ||
	    ioctl(fd, BIOCSRTIMEOUT, &tv) == -1 ||
	    (o->immediate && ioctl(fd, BIOCIMMEDIATE, &on) == -1))
		fail("/dev/bpf: %s", strerror(errno));
	if (ioctl(fd, BIOCSETIF, &req) == -1)
		fail("%s: %s", o->ifname,
		    errno == ENXIO ? "no such interface" : strerror(errno));
	if (ioctl(fd, BIOCGDLT, dlt) == -1)
		fail("%s: %s", o->ifname, strerror(errno));
	if (o->linktype != NULL &&
	    pcap_datalink_name_to_val(o->linktype) != (int)*dlt)
		fail("%s: %s is not its link type (see -L)", o->ifname,
		    o->linktype);
	return (fd);
}

static void
program_compile(const struct opts *o, const char *expr, unsigned int dlt,
    struct bpf_program *prog)
{
	pcap_t *p = pcap_open_dead((int)dlt, (int)o->snaplen);

	if (p == NULL)
		fail("no memory");
	if (pcap_compile(p, prog, expr, 1, PCAP_NETMASK_UNKNOWN) == -1)
		fail("%s", pcap_geterr(p));
	if (dlt == DLT_PFLOG)
		pflog_filter_mend(prog->bf_insns, prog->bf_len);
	if (dlt == DLT_LOOP)
		loop_filter_mend(prog->bf_insns, prog->bf_len);
	pcap_close(p);
}

static void
capture_start(const struct opts *o, int fd, struct bpf_program *prog)
{
	unsigned int hide = o->hide;

	if (ioctl(fd, BIOCSETF, prog) == -1)
		fail("filter: %s", strerror(errno));
	if (hide != 0 && ioctl(fd, BIOCSDIRFILT, &hide) == -1)
		fail("direction: %s", strerror(errno));
	if (!o->nopromisc && ioctl(fd, BIOCPROMISC) == -1)
		fail("%s: promiscuous mode: %s", o->ifname, strerror(errno));
	pcap_freecode(prog);
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

static void __attribute__((__noreturn__))
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

/* What came and what was lost; nothing when the kernel has gone. */
static void
statistics_get(int fd, struct bpf_stat *st)
{
	memset(st, 0, sizeof(*st));
	if (ioctl(fd, BIOCGSTATS, st) == -1)
		memset(st, 0, sizeof(*st));
}

static int
linktypes_list(const struct opts *o, unsigned int dlt)
{
	const char *name = pcap_datalink_val_to_name((int)dlt);
	const char *text = pcap_datalink_val_to_description((int)dlt);

	printf("Data link types for %s (use option -y to set):\n", o->ifname);
	if (name != NULL)
		printf("  %s (%s)\n", name, text != NULL ? text : "");
	else
		printf("  DLT %u\n", dlt);
	return (0);
}

static int
live(struct opts *o, const char *path, char *argv[])
{
	static char r[] = "-r", dash[] = "-";
	struct bpf_program prog;
	struct bpf_stat st;
	unsigned int dlt;
	int fd, err, fds[2], status = 0;
	FILE *out;
	pid_t pid;

	o->ifname = o->ifname == NULL ? interface_default() :
					interface_numbered(o->ifname);
	fd = bpf_open(o, &dlt);
	if (o->linktypes)
		return (linktypes_list(o, dlt));
	program_compile(o, expression(o, argv), dlt, &prog);
	if (o->dump > 0) {
		bpf_dump(&prog, o->dump);
		return (0);
	}
	capture_start(o, fd, &prog);
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
	statistics_get(fd, &st);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	while (wait(NULL) != -1 || errno == EINTR)
		; /* the last lines are out */
	fprintf(stderr,
	    "%" PRIu64 " packets captured\n%" PRIu64
	    " packets received by filter\n%" PRIu64
	    " packets dropped by kernel\n",
	    st.bs_capt, st.bs_recv, st.bs_drop);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* A file: the options that are ours elsewhere are the system's there. */
static void __attribute__((__noreturn__))
offline(struct opts *o, const char *path, char *argv[])
{
	static char d[] = "-ddd", f[] = "-F", y[] = "-y", s[] = "-s", len[16];

	if (o->dump > 0) {
		d[1 + (o->dump > 3 ? 3 : o->dump)] = '\0';
		pass(o, d);
	}
	if (o->file != NULL) {
		pass(o, f);
		pass(o, strdup(o->file));
	}
	if (o->linktype != NULL) {
		pass(o, y);
		pass(o, strdup(o->linktype));
	}
	if (o->snaplen != SNAPLEN) {
		snprintf(len, sizeof(len), "%u", o->snaplen);
		pass(o, s);
		pass(o, len);
	}
	if (o->hide != 0)
		fail("-Q: a file does not say the direction");
	system_exec(path, o, argv);
}

int
main(int argc, char *argv[])
{
	struct opts o = { .snaplen = SNAPLEN };
	const char *path = system_tcpdump();
	static char name[] = "tcpdump";
	int first;

	if ((o.pass = calloc((size_t)argc * 2 + 16, sizeof(*o.pass))) == NULL)
		fail("no memory");
	pass(&o, name);
	first = options_read(&o, argc, argv);
	if (o.offline)
		offline(&o, path, argv + first);
	bsd_require("tcpdump");
	if (o.stamptypes) {
		printf("Time stamp types for all interfaces:\n  host (Host)\n");
		return (0);
	}
	if (o.list) {
		interfaces_list();
		return (0);
	}
	return (live(&o, path, argv + first));
}
