/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflogd: what pf logs, kept in a file.
 *
 *	parent	opened bpf with the filter and locked it; opens the log file,
 *		moves it aside, hands signals on
 *	logger	reads packets from bpf, writes them; as root it has become
 *		another user in an empty root (logger.c)
 *
 * Read on:	priv.c, what passes between them; buffer.c; logfile.c.
 */

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <net/pf/if_pflog.h>
#include <errno.h>
#include <fcntl.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/number.h>
#include <libutil/pflogfilter.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pflogd.h"

#define LOOK_SECONDS 5 /* between looks whether the interface is there */

static void __attribute__((__noreturn__)) usage(void)
{
	fputs("usage: pflogd [-Dx] [-d delay] [-f filename] [-i interface] "
	      "[-p pidfile]\n"
	      "              [-s snaplen] [-u user] [expression]\n",
	    stderr);
	exit(1);
}

/* --- options --- */

static unsigned long
number(const char *text, unsigned long min, unsigned long max, char opt)
{
	uint64_t n;

	if (!number_read(text, 10, min, max, &n))
		die("-%c %s: not a number from %lu to %lu", opt, text, min,
		    max);
	return (n);
}

static void
options_read(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = getopt(argc, argv, "+Dd:f:i:p:s:u:x")) != -1) {
		switch (ch) {
		case 'D':
			o->debug = true;
			break;
		case 'd':
			o->delay = (unsigned int)number(optarg, DELAY_MIN,
			    DELAY_MAX, 'd');
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'i':
			o->ifname = optarg;
			break;
		case 'p':
			o->pidfile = optarg;
			break;
		case 's':
			o->snaplen = (uint32_t)number(optarg,
			    sizeof(struct pfloghdr), SNAPLEN_MAX, 's');
			break;
		case 'u':
			o->user = optarg;
			break;
		case 'x':
			o->check = true;
			break;
		default:
			usage();
		}
	}
}

/* ROOT/rest, of the machine's folder. */
static const char *
machine_path(const char *rest)
{
	const char *root = getenv("BSD_ROOT");
	char *path;

	if (asprintf(&path, "%s/%s", root == NULL ? "" : root, rest) == -1)
		die("no memory");
	return (path);
}

/* A daemon goes to /: names must mean the same from there. */
static const char *
whole_path(const char *file)
{
	char cwd[PATH_MAX], *path;

	if (file[0] == '/')
		return (file);
	if (getcwd(cwd, sizeof(cwd)) == NULL ||
	    asprintf(&path, "%s/%s", cwd, file) == -1)
		die("%s: %s", file, strerror(errno));
	return (path);
}

static char *
expression(char *argv[])
{
	size_t n = 1;
	char *text;

	for (char **a = argv; *a != NULL; a++)
		n += strlen(*a) + 1;
	if ((text = calloc(1, n)) == NULL)
		die("no memory");
	for (; *argv != NULL; argv++) {
		strcat(text, *argv);
		strcat(text, " ");
	}
	return (text);
}

/* --- the capture --- */

static void
interface_make(const char *ifname)
{
	struct if_req req;
	int s;

	memset(&req, 0, sizeof(req));
	snprintf(req.name, sizeof(req.name), "%s", ifname);
	if ((s = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		die("socket: %s", strerror(errno));
	if (ioctl(s, SIOCIFCREATE, &req) == -1)
		die("%s: no such interface, and it cannot be made: %s", ifname,
		    strerror(errno));
	close(s);
}

static void
capture_filter(int fd, const struct options *o, const char *expr)
{
	struct bpf_program prog;
	pcap_t *p;

	if ((p = pcap_open_dead(DLT_PFLOG, (int)o->snaplen)) == NULL)
		die("no memory");
	if (pcap_compile(p, &prog, expr, 1, PCAP_NETMASK_UNKNOWN) == -1)
		die("%s", pcap_geterr(p));
	pflog_filter_mend(prog.bf_insns, prog.bf_len);
	if (ioctl(fd, BIOCSETF, &prog) == -1)
		die("filter: %s", strerror(errno));
	pcap_freecode(&prog);
	pcap_close(p);
}

/* A descriptor that shows what expr selects and can do nothing else. */
static int
capture_open(const struct options *o, const char *expr)
{
	struct bpf_timeval tv = { .tv_usec = 500000 };
	unsigned int size = 256 * 1024, dlt;
	struct bpf_insn nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct bpf_program no_writes = { 1, &nothing };
	struct bpf_ifreq req;
	int fd;

	if ((fd = open("/dev/bpf", O_RDONLY | O_CLOEXEC)) == -1)
		die("/dev/bpf: %s", strerror(errno));
	memset(&req, 0, sizeof(req));
	if (strlen(o->ifname) >= sizeof(req.bi_name))
		die("%s: name too long", o->ifname);
	snprintf(req.bi_name, sizeof(req.bi_name), "%s", o->ifname);
	if (ioctl(fd, BIOCSBLEN, &size) == -1 ||
	    ioctl(fd, BIOCSRTIMEOUT, &tv) == -1)
		die("/dev/bpf: %s", strerror(errno));
	if (ioctl(fd, BIOCSETIF, &req) == -1 && errno == ENXIO) {
		interface_make(o->ifname);
		if (ioctl(fd, BIOCSETIF, &req) == -1)
			die("%s: %s", o->ifname, strerror(errno));
	}
	if (ioctl(fd, BIOCGDLT, &dlt) == -1)
		die("%s: %s", o->ifname, strerror(errno));
	if (dlt != DLT_PFLOG)
		die("%s: not a pflog interface", o->ifname);
	capture_filter(fd, o, expr);
	if (ioctl(fd, BIOCSETWF, &no_writes) == -1 ||
	    ioctl(fd, BIOCFLUSH) == -1 || ioctl(fd, BIOCLOCK) == -1)
		die("%s: %s", o->ifname, strerror(errno));
	return (fd);
}

/* --- the parent --- */

static volatile sig_atomic_t to_hand_on[NSIG];

static void
caught(int sig)
{
	to_hand_on[sig] = 1;
}

static const int handed[] = { SIGHUP, SIGALRM, SIGTERM, SIGINT };
#define NHANDED (sizeof(handed) / sizeof(handed[0]))

static void
signals_block(sigset_t *waiting)
{
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < NHANDED; i++)
		sigaddset(&block, handed[i]);
	sigprocmask(SIG_BLOCK, &block, NULL);
	sigemptyset(waiting);
}

static void
signals_hand_on(pid_t pid)
{
	for (size_t i = 0; i < NHANDED; i++)
		if (to_hand_on[handed[i]] != 0) {
			to_hand_on[handed[i]] = 0;
			kill(pid, handed[i]);
		}
}

/* Answers the logger until it ends; its exit status. */
static int
parent(const struct options *o, int bpf, int sock, pid_t pid,
    const sigset_t *waiting)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	struct timespec look = { LOOK_SECONDS, 0 };
	unsigned int dlt;
	bool gone = false;
	int status, n;

	for (;;) {
		n = ppoll(&pfd, 1, &look, waiting);
		signals_hand_on(pid);
		if (n == 1 && !priv_answer(sock, o))
			break;
		if (n == 0 && !gone && ioctl(bpf, BIOCGDLT, &dlt) == -1) {
			say(LOG_ERR, "%s has gone", o->ifname);
			gone = true;
			kill(pid, SIGTERM);
		}
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		say(LOG_ERR, "the logger died of signal %d", WTERMSIG(status));
	return (gone || !WIFEXITED(status) ? 1 : WEXITSTATUS(status));
}

/* Holds the file, and with it the place: a second one is refused. */
static int
pidfile_take(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd == -1)
		die("%s: %s", file, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		die("%s is held by another pflogd", file);
	return (fd);
}

static void
pidfile_fill(int fd, const char *file)
{
	if (ftruncate(fd, 0) == -1 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		say(LOG_WARNING, "%s: %s", file, strerror(errno));
}

static int
run(const struct options *o, int bpf)
{
	struct sigaction sa = { .sa_handler = caught };
	sigset_t waiting;
	int socks[2];
	pid_t pid;

	signals_block(&waiting);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) == -1)
		die("socketpair: %s", strerror(errno));
	if ((pid = fork()) == -1)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		close(socks[0]);
		_exit(logger(o, bpf, socks[1]));
	}
	close(socks[1]);
	for (size_t i = 0; i < NHANDED; i++)
		sigaction(handed[i], &sa, NULL);
	return (parent(o, bpf, socks[0], pid, &waiting));
}

/* --- -x --- */

static int
check(const char *file)
{
	const char *why;
	uint32_t snaplen;
	int fd, state;

	if ((fd = open(file, O_RDONLY)) == -1)
		die("%s: %s", file, strerror(errno));
	if ((state = logfile_check(fd, &snaplen, &why)) == -1)
		die("%s %s", file, why);
	close(fd);
	return (0);
}

int
main(int argc, char *argv[])
{
	struct options o = { .ifname = "pflog0",
		.user = "nobody",
		.snaplen = SNAPLEN_DEFAULT,
		.delay = DELAY_DEFAULT };
	int bpf, pidfd, status;

	if (getpwnam("_pflogd") != NULL)
		o.user = "_pflogd";
	options_read(&o, argc, argv);
	if (o.check) {
		if (optind != argc)
			usage();
		return (check(
		    o.file != NULL ? o.file : machine_path("var/log/pflog")));
	}
	bsd_require("pflogd");
	o.file = whole_path(
	    o.file != NULL ? o.file : machine_path("var/log/pflog"));
	o.pidfile = whole_path(
	    o.pidfile != NULL ? o.pidfile : machine_path("var/run/pflogd.pid"));
	bpf = capture_open(&o, expression(argv + optind));
	pidfd = pidfile_take(o.pidfile);
	if (!o.debug) {
		if (daemon(0, 0) == -1)
			die("daemon: %s", strerror(errno));
		say_daemon();
	}
	pidfile_fill(pidfd, o.pidfile);
	status = run(&o, bpf);
	unlink(o.pidfile);
	return (status);
}
