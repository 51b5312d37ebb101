/* SPDX-License-Identifier: ISC */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15U;	/* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

int64_t
rng_below(struct rng *r, int64_t n)
{
	return n <= 0 ? 0 : (int64_t)(rng_next(r) % (uint64_t)n);
}

void *
grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap == 0 ? 8 : *cap * 2;
	if ((v = realloc(v, *cap * size)) == NULL) {
		(void)fputs("sim: out of memory\n", stderr);
		exit(2);
	}
	return v;
}

/* ---- outages ------------------------------------------------------------- */

/* Most are short: a length is drawn three times and the least is taken. */
static int64_t
length(struct rng *r, int64_t shortest, int64_t longest)
{
	int64_t best = longest;

	for (int i = 0; i < 3; i++) {
		int64_t t = shortest + rng_below(r, longest - shortest);

		if (t < best)
			best = t;
	}
	return best;
}

void
outages_make(struct outages *o, struct rng *r, int64_t from, int64_t until,
    int64_t every, int64_t shortest, int64_t longest)
{
	size_t cap = 0;
	int64_t t = from;

	o->v = NULL;
	o->n = 0;
	for (;;) {
		t += rng_below(r, 2 * every);
		if (t >= until)
			return;
		o->v = grow(o->v, o->n + 1, &cap, sizeof(*o->v));
		o->v[o->n++] = t;
		t += length(r, shortest, longest);
		o->v[o->n++] = t;
	}
}

/* Index of the first border behind t: odd means that it is down. */
static size_t
border(const struct outages *o, int64_t t)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->v[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
outages_up(const struct outages *o, int64_t t)
{
	return border(o, t) % 2 == 0;
}

int64_t
outages_end(const struct outages *o, int64_t t)
{
	size_t i = border(o, t);

	return i % 2 == 0 ? t : o->v[i];
}

/* ---- events -------------------------------------------------------------- */

static bool
before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
heap_add(struct heap *h, int64_t at, enum event_kind kind, int who)
{
	struct event e = { at, h->count++, kind, who };
	size_t i, up;

	h->v = grow(h->v, h->n, &h->cap, sizeof(*h->v));
	for (i = h->n++; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!before(&e, &h->v[up]))
			break;
		h->v[i] = h->v[up];
	}
	h->v[i] = e;
}

struct event
heap_take(struct heap *h)
{
	struct event top = h->v[0], last = h->v[--h->n];
	size_t i = 0, down;

	while ((down = 2 * i + 1) < h->n) {
		if (down + 1 < h->n && before(&h->v[down + 1], &h->v[down]))
			down++;
		if (!before(&h->v[down], &last))
			break;
		h->v[i] = h->v[down];
		i = down;
	}
	h->v[i] = last;
	return top;
}
