/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What runs.  The file system is the only record: a lab is a folder, a
 * machine is a folder in it, and it runs if its kernel holds its lock.
 * bsd(8) keeps dev/lock locked as long as it lives, with its process number
 * inside, so a killed kernel cannot be taken for a running one.
 */

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

void
complain(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "bsdctl: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

int
path_make(const char *path)
{
	char buf[PATH_MAX], *p;

	if (strlen(path) >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	strcpy(buf, path);
	for (p = buf + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (mkdir(buf, 0755) == -1 && errno != EEXIST)
			return (-1);
	}
	return (mkdir(buf, 0755) == -1 && errno != EEXIST ? -1 : 0);
}

static int
entry_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return (remove(path));
}

int
tree_remove(const char *path)
{
	return (nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT));
}

/* Below a world-writable folder only what is ours may be believed. */
const char *
state_dir(void)
{
	static char dir[PATH_MAX];
	const char *env;
	struct stat st;

	if (dir[0] != '\0')
		return (dir);
	if ((env = getenv("FUGU_LABS")) != NULL && *env == '/')
		snprintf(dir, sizeof(dir), "%s", env);
	else if ((env = getenv("XDG_RUNTIME_DIR")) != NULL && *env == '/' && access(env, W_OK) == 0)
		snprintf(dir, sizeof(dir), "%s/fugu", env);
	else
		snprintf(dir, sizeof(dir), "/tmp/fugu-%u", getuid());
	if (mkdir(dir, 0755) == -1 && errno != EEXIST && path_make(dir) == -1) {
		complain("%s: %s", dir, strerror(errno));
		dir[0] = '\0';
		return (NULL);
	}
	if (lstat(dir, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid != getuid()) {
		complain("%s: not a folder of yours", dir);
		dir[0] = '\0';
		return (NULL);
	}
	return (dir);
}

const char *
bin_dir(void)
{
	static char dir[PATH_MAX];
	ssize_t len;

	if (dir[0] == '\0' && (len = readlink("/proc/self/exe", dir, sizeof(dir) - 1)) > 0) {
		dir[len] = '\0';
		*strrchr(dir, '/') = '\0';
	}
	return (dir);
}

/*
 * The process that wrote its number into path and holds its lock, 0 if none
 * does.  One that starts has the lock first: its number comes in a moment.
 */
static pid_t
lock_pid(const char *path)
{
	struct timespec ms = { 0, 1000000 };
	char text[32] = "";
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	for (int i = 0; i < 1000; i++) {
		if (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
			text[0] = '\0';
			break;
		}
		if (pread(fd, text, sizeof(text) - 1, 0) > 0)
			break;
		nanosleep(&ms, NULL);
	}
	close(fd);
	return ((pid_t)strtol(text, NULL, 10));
}

static pid_t
kernel_pid(const char *root)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/dev/lock", root);
	return (lock_pid(path));
}

bool
running_lives(const struct running *r)
{
	return ((r->kind == MACHINE_NETNS ? lock_pid(r->root) : kernel_pid(r->root)) == r->pid);
}

/* Looks at one entry of a lab's folder.  False when it is no machine. */
static bool
entry_machine(const char *lab, const char *entry, struct running *r)
{
	const char *dot = strrchr(entry, '.');
	struct stat st;

	memset(r, 0, sizeof(*r));
	if (entry[0] == '.' || strcmp(entry, "wires") == 0 || strlen(entry) >= sizeof(r->name))
		return (false);
	snprintf(r->lab, sizeof(r->lab), "%s", lab);
	snprintf(r->root, sizeof(r->root), "%s/%s/%s", state_dir(), lab, entry);
	if (dot != NULL && strcmp(dot, ".netns") == 0) {
		r->kind = MACHINE_NETNS;
		snprintf(r->name, sizeof(r->name), "%.*s", (int)(dot - entry), entry);
		r->pid = lock_pid(r->root);
		return (true);
	}
	r->kind = MACHINE_BSD;
	snprintf(r->name, sizeof(r->name), "%s", entry);
	if (lstat(r->root, &st) == -1 || !S_ISDIR(st.st_mode))
		return (false);
	r->pid = kernel_pid(r->root);
	return (true);
}

static int
lab_entries(const char *lab, struct running **list, int *n)
{
	char path[PATH_MAX];
	struct running r, *more;
	struct dirent *de;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", state_dir(), lab);
	if ((d = opendir(path)) == NULL)
		return (errno == ENOENT || errno == ENOTDIR ? 0 : -1);
	while ((de = readdir(d)) != NULL) {
		if (!entry_machine(lab, de->d_name, &r))
			continue;
		if ((more = reallocarray(*list, (size_t)*n + 1, sizeof(**list))) == NULL) {
			closedir(d);
			return (-1);
		}
		*list = more;
		(*list)[(*n)++] = r;
	}
	closedir(d);
	return (0);
}

static int
running_cmp(const void *va, const void *vb)
{
	const struct running *a = va, *b = vb;
	int c = strcmp(a->lab, b->lab);

	return (c != 0 ? c : strverscmp(a->name, b->name));
}

int
running_list(const char *lab, struct running **list)
{
	struct dirent *de;
	DIR *d;
	int n = 0, error = 0;

	*list = NULL;
	if (state_dir() == NULL || (d = opendir(state_dir())) == NULL)
		return (-1);
	while (error == 0 && (de = readdir(d)) != NULL)
		if (de->d_name[0] != '.' && (lab == NULL || strcmp(lab, de->d_name) == 0))
			error = lab_entries(de->d_name, list, &n);
	closedir(d);
	if (error != 0) {
		complain("%s: %s", state_dir(), strerror(errno));
		free(*list);
		*list = NULL;
		return (-1);
	}
	if (n > 0)
		qsort(*list, (size_t)n, sizeof(**list), running_cmp);
	return (n);
}

static bool
name_fits(const struct running *r, const char *name)
{
	char full[LAB_NAME_MAX + PORT_NAME_MAX + 2];

	if (strcmp(r->name, name) == 0)
		return (true);
	snprintf(full, sizeof(full), "%s/%s", r->lab, r->name);
	return (strcmp(full, name) == 0);
}

/* A folder named on the command line: a machine that bsd(8) was started on by hand. */
static int
folder_find(const char *path, struct running *r)
{
	memset(r, 0, sizeof(*r));
	if (realpath(path, r->root) == NULL) {
		complain("%s: %s", path, strerror(errno));
		return (-1);
	}
	snprintf(r->name, sizeof(r->name), "%.*s", LAB_NAME_MAX - 1, strrchr(r->root, '/') + 1);
	if ((r->pid = kernel_pid(r->root)) != 0)
		return (0);
	complain("%s: no kernel runs there", path);
	return (-1);
}

int
running_find(const char *name, struct running *r)
{
	struct running *list;
	int n, found = -1, fits = 0;

	if ((n = running_list(NULL, &list)) == -1)
		return (-1);
	for (int i = 0; i < n; i++)
		if (name_fits(&list[i], name)) {
			found = found == -1 || list[i].pid != 0 ? i : found;
			fits += list[i].pid != 0;
		}
	if (found != -1)
		*r = list[found];
	free(list);
	if (found == -1 && strchr(name, '/') != NULL)
		return (folder_find(name, r));
	if (found == -1)
		complain("no machine called %s; `bsdctl list' shows what there is", name);
	else if (fits > 1)
		complain("%s runs in several labs; say LAB/%s", name, name);
	else if (fits == 0)
		complain("%s does not run", name);
	else
		return (0);
	return (-1);
}
