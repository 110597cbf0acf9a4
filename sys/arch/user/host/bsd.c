/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * bsd: a kernel, as a process.
 *
 *	lock the folder	dev/lock, flock()ed as long as we live, our pid in it
 *	boot		the kernel, then its links
 *	listen		dev/kern, for control connections
 *	start up	netstart, which is a client like any other
 *	ready		the parent process exits 0: who waited for it may go on
 *	loop		until SIGTERM, SIGINT, or a client asks for the end
 *
 * It exits EXIT_NETSTART if netstart failed: the machine runs all the same, so
 * that what is wrong can be looked at and put right.
 *
 * Whatever fails before "ready" is one line on stderr and exit status 1.
 */

#include <machine/host.h>
#include <machine/kernel.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define LINKS_MAX 512

const char *host_name = "fugu";
int host_loglevel = 5;

#define EXIT_NETSTART 3 /* bsdctl knows it */

static struct {
	char root[PATH_MAX];
	const char *links[LINKS_MAX];
	int nlinks;
	bool debug, nostart, named;
	unsigned long mbuf_bytes;
	int dirfd, lockfd, listener, ready, spare; /* descriptors */
	const char *made[4]; /* folders that were not there */
	int nmade;
} bsd = { .dirfd = -1, .lockfd = -1, .listener = -1, .ready = -1 };

static void folder_undo(void);

/* A line of the log. */
static void __attribute__((__format__(__printf__, 2, 3)))
say(int level, const char *fmt, ...)
{
	char line[PATH_MAX + 128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	host_log(level, line, strlen(line));
}

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: bsd [-dn] [-h hostname] [-i interface=kind:spec] [-l level] [-m megabytes] -r folder\n");
	exit(2);
}

static void __attribute__((__noreturn__, __format__(__printf__, 1, 2)))
fatal(const char *fmt, ...)
{
	va_list ap;

	char text[PATH_MAX + 256];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "bsd: %s%s%s\n", bsd.named ? host_name : "", bsd.named ? ": " : "", text); /* one write: several start at a time */
	folder_undo();
	exit(1);
}

/* --- the folder --- */

static void
folder_make(const char *sub)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s%s", bsd.root, sub);
	if (mkdir(path, 0755) == 0)
		bsd.made[bsd.nmade++] = sub;
	else if (errno != EEXIST)
		fatal("%s: %s", path, strerror(errno));
}

/* There will be no machine: what was made for it goes, and nothing else. */
static void
folder_undo(void)
{
	char path[PATH_MAX + 32];

	wire_leave_all();
	if (bsd.listener != -1)
		unlinkat(bsd.dirfd, "kern", 0);
	for (int i = bsd.nmade - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s%s", bsd.root, bsd.made[i]);
		if (strcmp(bsd.made[i], "/dev") == 0 && bsd.dirfd != -1)
			unlinkat(bsd.dirfd, "lock", 0);
		(void)rmdir(path); /* it may have other things by now */
	}
}

/* Who looks whether a kernel runs has the lock for a moment: tried for a while. */
static int
lock_take(void)
{
	struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < 100; i++) {
		if (flock(bsd.lockfd, LOCK_EX | LOCK_NB) == 0)
			return (0);
		nanosleep(&ms, NULL);
	}
	return (-1);
}

static void
folder_lock(void)
{
	char path[PATH_MAX + 32], text[32];

	folder_make("");
	folder_make("/dev");
	folder_make("/var");
	folder_make("/var/run");
	snprintf(path, sizeof(path), "%s/dev", bsd.root);
	if ((bsd.dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		fatal("%s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/dev/lock", bsd.root);
	if ((bsd.lockfd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) == -1)
		fatal("%s: %s", path, strerror(errno));
	if (lock_take() == -1) {
		ssize_t n = read(bsd.lockfd, text, sizeof(text) - 1);

		bsd.nmade = 0; /* another began at the same time: they are its own */
		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		fatal("%s: a kernel runs there already (process %s)", bsd.root, text);
	}
	/* no number until lock_sign(): the one that stands there is of another */
	if (ftruncate(bsd.lockfd, 0) == -1)
		fatal("%s: %s", path, strerror(errno));
}

/* The lock is a kernel's from now on: its process number, for who looks. */
static void
lock_sign(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	if (ftruncate(bsd.lockfd, 0) == -1 || pwrite(bsd.lockfd, text, (size_t)n, 0) != n)
		fatal("%s/dev/lock: %s", bsd.root, strerror(errno));
}

/* --- clients --- */

/*
 * No descriptor is left: one kept for this moment takes the client and hangs
 * up on it.  Otherwise it would wait for ever, and wake us for ever.
 */
static void
client_refuse(void)
{
	close(bsd.spare);
	close(accept(bsd.listener, NULL, NULL));
	bsd.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	say(4, "no descriptor is left for a client");
}

static void
client_accept(void *arg, unsigned int events)
{
	struct kernel_cred cred;
	struct ucred uc;
	socklen_t len = sizeof(uc);
	int fd;

	(void)arg;
	(void)events;
	if ((fd = accept4(bsd.listener, NULL, NULL, SOCK_CLOEXEC)) == -1) {
		if (errno == EMFILE || errno == ENFILE)
			client_refuse();
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == -1) {
		close(fd);
		return;
	}
	cred = (struct kernel_cred){ uc.uid, uc.gid, uc.pid };
	(void)kernel_client(fd, &cred);
}

static void
listener_open(void)
{
	static struct host_watch *w;
	struct sockaddr_un sun;
	int size = 1 << 20;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/kern", bsd.dirfd);
	unlinkat(bsd.dirfd, "kern", 0); /* we have the lock: nobody listens */
	if ((bsd.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) == -1)
		fatal("socket: %s", strerror(errno));
	setsockopt(bsd.listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(bsd.listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(bsd.listener, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    fchmodat(bsd.dirfd, "kern", 0666, 0) == -1 || listen(bsd.listener, 512) == -1)
		fatal("%s/dev/kern: %s", bsd.root, strerror(errno));
	bsd.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (host_watch_add(bsd.listener, HOST_IN, client_accept, NULL, &w) != 0)
		fatal("%s/dev/kern: cannot be watched", bsd.root);
}

/* --- start up --- */

static pid_t starter;
static struct host_watch *signal_watch;
static int signalfd_fd = -1;

/* Has etc anything that netstart would use? */
static bool
has_config(void)
{
	char path[PATH_MAX + 32];
	struct dirent *de;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "%s/etc", bsd.root);
	if ((d = opendir(path)) == NULL)
		return (false);
	while (!found && (de = readdir(d)) != NULL)
		found = strncmp(de->d_name, "hostname.", 9) == 0 || strcmp(de->d_name, "mygate") == 0 ||
		    strcmp(de->d_name, "sysctl.conf") == 0 || strcmp(de->d_name, "pf.conf") == 0;
	closedir(d);
	return (found);
}

/* From now on nobody reads what we say but in the log. */
static void
terminal_leave(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log;
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/var/run/messages", bsd.root);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log != -1 ? log : null, STDERR_FILENO);
	host_close(log);
	host_close(null);
}

/* Says to the process that waits that the machine is up, and its exit status. */
static void
ready_tell(char status)
{
	if (bsd.ready != -1) {
		if (write(bsd.ready, &status, 1) != 1)
			say(4, "nobody waited for us");
		close(bsd.ready);
		bsd.ready = -1;
		terminal_leave();
	}
	say(5, "started: process %d, folder %s", getpid(), bsd.root);
}

static void
netstart_run(void)
{
	char prog[PATH_MAX];
	ssize_t len;
	sigset_t none;

	if (bsd.nostart || !has_config()) {
		ready_tell(0);
		return;
	}
	if ((len = readlink("/proc/self/exe", prog, sizeof(prog) - 16)) <= 0)
		fatal("/proc/self/exe: %s", strerror(errno));
	prog[len] = '\0';
	strcpy(strrchr(prog, '/'), "/netstart");
	if ((starter = fork()) != 0) {
		if (starter == -1)
			fatal("netstart: %s", strerror(errno));
		return;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("BSD_ROOT", bsd.root, 1);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl(prog, "netstart", (char *)NULL);
	fprintf(stderr, "bsd: %s: %s\n", prog, strerror(errno));
	_exit(127);
}

/* --- signals --- */

static void
child_reap(void)
{
	int status;
	bool good;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == starter) {
			starter = 0;
			good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
			if (!good)
				say(4, "netstart could not do everything");
			ready_tell(good ? 0 : EXIT_NETSTART);
		}
}

static void
signal_seen(void *arg, unsigned int events)
{
	struct signalfd_siginfo si;

	(void)arg;
	(void)events;
	while (read(signalfd_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			child_reap();
		else
			host_exit(0);
	}
}

static void
signals_take(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if ((signalfd_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) == -1 ||
	    host_watch_add(signalfd_fd, HOST_IN, signal_seen, NULL, &signal_watch) != 0)
		fatal("signals: %s", strerror(errno));
}

/* --- the whole --- */

/* The process that was started waits in the parent until the machine is up. */
static void
background(void)
{
	int fds[2], status;
	char done;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("%s", strerror(errno));
	if (pid != 0) {
		close(fds[1]);
		if (read(fds[0], &done, 1) == 1)
			_exit(done);
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
	}
	close(fds[0]);
	bsd.ready = fds[1];
	setsid();
}

static void
links_plug(void)
{
	char name[64], why[200];
	int error;

	for (int i = 0; i < bsd.nlinks; i++) {
		const char *eq = strchr(bsd.links[i], '=');

		if (eq == NULL || eq == bsd.links[i] || (size_t)(eq - bsd.links[i]) >= sizeof(name))
			fatal("-i %s: not interface=kind:spec", bsd.links[i]);
		snprintf(name, sizeof(name), "%.*s", (int)(eq - bsd.links[i]), bsd.links[i]);
		why[0] = '\0';
		if ((error = kernel_plug(name, eq + 1, why, sizeof(why))) != 0)
			fatal("%s: %s", name, why[0] != '\0' ? why : strerror(error));
		say(6, "%s: %s", name, eq + 1);
	}
}

static void
descriptors_raise(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static void
arguments_read(int argc, char *argv[])
{
	char *end;
	int ch;

	while ((ch = getopt(argc, argv, "dh:i:l:m:nr:")) != -1) {
		switch (ch) {
		case 'd':
			bsd.debug = true;
			host_loglevel = 7;
			break;
		case 'h':
			host_name = optarg;
			bsd.named = true;
			break;
		case 'i':
			if (bsd.nlinks == LINKS_MAX)
				fatal("more than %d links", LINKS_MAX);
			bsd.links[bsd.nlinks++] = optarg;
			break;
		case 'l':
			host_loglevel = (int)strtol(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0' || host_loglevel < 0 || host_loglevel > 7)
				fatal("-l %s: a level is 0 to 7", optarg);
			break;
		case 'm':
			bsd.mbuf_bytes = strtoul(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end != '\0' || bsd.mbuf_bytes < 1 || bsd.mbuf_bytes > 1 << 20)
				fatal("-m %s: not a number of megabytes", optarg);
			bsd.mbuf_bytes <<= 20;
			break;
		case 'n':
			bsd.nostart = true;
			break;
		case 'r':
			if (strlen(optarg) >= sizeof(bsd.root) - 64)
				fatal("-r: folder name too long");
			strcpy(bsd.root, optarg);
			break;
		default:
			usage();
		}
	}
	if (optind != argc || bsd.root[0] == '\0')
		usage();
}

int
main(int argc, char *argv[])
{
	struct kernel_params params;
	unsigned long long deadline;
	char full[PATH_MAX];
	int status, error;

	arguments_read(argc, argv);
	folder_lock();
	if (realpath(bsd.root, full) != NULL && strlen(full) < sizeof(bsd.root) - 64)
		strcpy(bsd.root, full);
	if (!bsd.debug)
		background();
	lock_sign();
	descriptors_raise();
	if ((error = host_loop_init()) != 0)
		fatal("%s", strerror(error));
	host_cpu_enter();
	params = (struct kernel_params){ .hostname = host_name, .mbuf_bytes = bsd.mbuf_bytes, .owner_uid = getuid() };
	if ((error = kernel_boot(&params)) != 0)
		fatal("boot: %s", strerror(error));
	links_plug();
	signals_take();
	listener_open();
	netstart_run();
	while (!host_exiting(&status)) {
		deadline = kernel_step();
		host_cpu_yield();
		host_loop_wait(deadline);
	}
	kernel_shutdown();
	wire_leave_all();
	unlinkat(bsd.dirfd, "kern", 0);
	return (status);
}
