/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Which protocol serves which socket(2). */

#include <sys/protosw.h>
#include <sys/systm.h>

static TAILQ_HEAD(, protosw) protos = TAILQ_HEAD_INITIALIZER(protos);

void
protosw_register(struct protosw *pr)
{
	TAILQ_INSERT_TAIL(&protos, pr, pr_entry);
}

const struct protosw *
protosw_find(int family, int type, int protocol, int *error)
{
	const struct protosw *pr, *any = NULL;

	*error = EAFNOSUPPORT;
	TAILQ_FOREACH(pr, &protos, pr_entry) {
		if (pr->pr_family != family)
			continue;
		if (*error == EAFNOSUPPORT)
			*error = ESOCKTNOSUPPORT;
		if (pr->pr_type != type)
			continue;
		*error = EPROTONOSUPPORT;
		if (pr->pr_protocol == protocol || (protocol == 0 && any == NULL && type != 3))
			any = any == NULL || pr->pr_protocol == protocol ? pr : any;
		else if (pr->pr_protocol == 0 && any == NULL)
			any = pr; /* takes all that no other wants */
	}
	return (any);
}
