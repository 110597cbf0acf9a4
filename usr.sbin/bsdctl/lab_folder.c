/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Folders of machines: what lies beside lab.conf under a machine's name is
 * copied first, then comes what lab.conf itself says, which therefore wins.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"

void
machine_path(char buf[PATH_MAX], const struct lab *lab, const struct lab_machine *m)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s%s", state_dir(), lab->name, m->name,
	    m->kind == MACHINE_NETNS ? ".netns" : "");
}

static int
file_copy(const char *from, const char *to)
{
	char buf[65536];
	ssize_t n = -1;
	int in, out = -1, error = -1;

	if ((in = open(from, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) == -1)
		goto out;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			goto out;
	error = n == 0 ? 0 : -1;
out:
	if (error == -1)
		complain("%s -> %s: %s", from, to, strerror(errno));
	if (in != -1)
		close(in);
	if (out != -1 && close(out) == -1)
		error = -1;
	return (error);
}

/* Copies a folder's plain files and folders into an existing one. */
static int
tree_copy(const char *from, const char *to)
{
	char src[PATH_MAX], dst[PATH_MAX];
	struct dirent *de;
	struct stat st;
	DIR *d;
	int error = 0;

	if ((d = opendir(from)) == NULL)
		return (errno == ENOENT ? 0 : -1);
	while (error == 0 && (de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (snprintf(src, sizeof(src), "%s/%s", from, de->d_name) >= PATH_MAX ||
		    snprintf(dst, sizeof(dst), "%s/%s", to, de->d_name) >= PATH_MAX || stat(src, &st) == -1) {
			complain("%s/%s: %s", from, de->d_name, strerror(errno));
			error = -1;
		} else if (S_ISDIR(st.st_mode)) {
			error = path_make(dst) == -1 ? -1 : tree_copy(src, dst);
		} else if (S_ISREG(st.st_mode)) {
			error = file_copy(src, dst);
		}
	}
	closedir(d);
	return (error);
}

static int
lines_write(const char *root, const char *name, const struct lines *l)
{
	char path[PATH_MAX + 64];
	FILE *f;
	int error = 0;

	if (l->n == 0)
		return (0);
	snprintf(path, sizeof(path), "%s/etc/%s", root, name);
	if ((f = fopen(path, "we")) == NULL) {
		complain("%s: %s", path, strerror(errno));
		return (-1);
	}
	for (size_t i = 0; i < l->n; i++)
		fprintf(f, "%s\n", l->line[i]);
	if (ferror(f))
		error = -1;
	if (fclose(f) != 0 || error == -1) {
		complain("%s: %s", path, strerror(errno));
		return (-1);
	}
	return (0);
}

int
folder_make(const struct lab *lab, const struct lab_machine *m, const char *root)
{
	static const char *const parts[] = { "/etc", "/dev", "/var/run", "/var/log" };
	char path[PATH_MAX + 64], from[PATH_MAX + PORT_NAME_MAX + 8];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		if (path_make(path) == -1) {
			complain("%s: %s", path, strerror(errno));
			return (-1);
		}
	}
	snprintf(from, sizeof(from), "%s/%s", lab->dir, m->name);
	if (tree_copy(from, root) == -1)
		return (-1);
	snprintf(path, sizeof(path), "%s/dev/lock", root);
	unlink(path); /* of a kernel that was started there by hand */
	for (size_t i = 0; i < m->ninterfaces; i++) {
		snprintf(path, sizeof(path), "hostname.%s", m->interface[i].name);
		if (lines_write(root, path, &m->interface[i].config) == -1)
			return (-1);
	}
	if (lines_write(root, "mygate", &m->gateways) == -1)
		return (-1);
	return (lines_write(root, "sysctl.conf", &m->sysctls));
}
