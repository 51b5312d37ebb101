/* SPDX-License-Identifier: ISC */
/*
 * What the benchmark measures against: the least that the job can cost.
 *
 *	baseline sign DIR	loads every account's RSA key below DIR and
 *				signs once with it
 *	baseline one DIR	signs as often, all with the first key
 *	baseline digest DIR	reads the three files of every account below
 *				DIR, and hashes each key's public half
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#define NEED(x)							\
	do {							\
		if (!(x)) {					\
			fprintf(stderr, "%s\n", #x);		\
			exit(1);				\
		}						\
	} while (0)

static size_t
slurp(const char *dir, const char *name, char *text, size_t size)
{
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	NEED((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1);
	NEED((n = read(fd, text, size - 1)) > 0);
	close(fd);
	text[n] = '\0';
	return (size_t)n;
}

static void
member(OSSL_PARAM_BLD *b, struct json_object *o, const char *name,
    const char *param, BIGNUM **bn)
{
	unsigned char raw[1024];
	char text[1024];
	const char *s;
	size_t n, i;
	int len;

	s = json_object_get_string(json_object_object_get(o, name));
	NEED(s != NULL && (n = strlen(s)) + 4 < sizeof(text));
	for (i = 0; i < n; i++)
		text[i] = s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i];
	while (i % 4 != 0)
		text[i++] = '=';
	NEED((len = EVP_DecodeBlock(raw, (unsigned char *)text, (int)i)) > 0);
	len -= (int)(i - n);
	NEED((*bn = BN_bin2bn(raw, len, NULL)) != NULL);
	NEED(OSSL_PARAM_BLD_push_BN(b, param, *bn) == 1);
}

static EVP_PKEY *
load(const char *text, int whole)
{
	static const char *const names[][2] = {
		{ "n", OSSL_PKEY_PARAM_RSA_N }, { "e", OSSL_PKEY_PARAM_RSA_E },
		{ "d", OSSL_PKEY_PARAM_RSA_D },
		{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
		{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
		{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 }
	};
	struct json_object *o = json_tokener_parse(text);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;
	BIGNUM *bn[8] = { NULL };
	int n = whole ? 8 : 2;

	NEED(o != NULL && b != NULL && ctx != NULL);
	for (int i = 0; i < n; i++)
		member(b, o, names[i][0], names[i][1], &bn[i]);
	NEED((params = OSSL_PARAM_BLD_to_param(b)) != NULL);
	NEED(EVP_PKEY_fromdata_init(ctx) == 1);
	NEED(EVP_PKEY_fromdata(ctx, &key, whole ? EVP_PKEY_KEYPAIR :
	    EVP_PKEY_PUBLIC_KEY, params) == 1);
	for (int i = 0; i < n; i++)
		BN_free(bn[i]);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	json_object_put(o);
	return key;
}

static void
sign(EVP_PKEY *key, const char *text)
{
	unsigned char sig[1024];
	size_t n = sizeof(sig);
	EVP_MD_CTX *ctx;

	NEED((ctx = EVP_MD_CTX_new()) != NULL);
	NEED(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
	NEED(EVP_DigestSign(ctx, sig, &n, (const unsigned char *)text, 700) ==
	    1);
	EVP_MD_CTX_free(ctx);
}

static void
digest(EVP_PKEY *key)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char *pem;
	long len;
	BIO *bio;

	NEED((bio = BIO_new(BIO_s_mem())) != NULL);
	NEED(PEM_write_bio_PUBKEY(bio, key) == 1);
	len = BIO_get_mem_data(bio, &pem);
	NEED(EVP_Digest(pem, (size_t)len, md, NULL, EVP_md5(), NULL) == 1);
	BIO_free(bio);
}

static long
each(const char *dir, char job)
{
	char text[8192], path[4096];
	EVP_PKEY *key = NULL;
	struct dirent *e;
	long done = 0;
	DIR *d;

	NEED((d = opendir(dir)) != NULL);
	while ((e = readdir(d)) != NULL) {
		if (strlen(e->d_name) != 32)
			continue;
		done++;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (job == 'd') {
			slurp(path, "regr.json", text, sizeof(text));
			slurp(path, "meta.json", text, sizeof(text));
		}
		if (key == NULL || job != 'o') {
			EVP_PKEY_free(key);
			slurp(path, "private_key.json", text, sizeof(text));
			key = load(text, job != 'd');
		}
		if (job == 'd')
			digest(key);
		else
			sign(key, text);
	}
	EVP_PKEY_free(key);
	closedir(d);
	return done;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && (strcmp(argv[1], "sign") == 0 ||
	    strcmp(argv[1], "one") == 0 || strcmp(argv[1], "digest") == 0))
		return each(argv[2], argv[1][0]) == 0;
	fprintf(stderr, "usage: baseline sign|one|digest DIR\n");
	return 2;
}
