#include "libmediaupload/base/digest.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "tests/tap/tap.h"

#define MILLION 1000000

static const char *sha256_in_pieces(const char *bytes, size_t length, size_t piece, apr_pool_t *pool)
{
    mu_sha256_t *sha = mu_sha256_create(pool);
    char hex[MU_SHA256_HEX];

    for (size_t at = 0; at < length; at += piece) {
        mu_sha256_update(sha, bytes + at, length - at < piece ? length - at : piece);
    }
    mu_sha256_finish(sha, hex);
    return apr_pstrdup(pool, hex);
}

/* FIPS 180-4's examples, from NIST's "Examples with Intermediate Values". */
static void test_sha256(apr_pool_t *pool)
{
    static const char *const vectors[][2] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
          "nopqrstu", "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    char *million = apr_palloc(pool, MILLION);

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        for (size_t piece = 1; piece <= 65; piece += 32) {
            is_text(sha256_in_pieces(vectors[i][0], strlen(vectors[i][0]), piece, pool), vectors[i][1],
                    "SHA-256 of \"%.16s\" in pieces of %zu", vectors[i][0], piece);
        }
    }
    memset(million, 'a', MILLION);
    is_text(sha256_in_pieces(million, MILLION, 4099, pool),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "SHA-256 of a million \"a\"");
}

/* RFC 4231 sections 4.2 to 4.8, those whose key has no NUL. */
static void test_hmac(void)
{
    static const char twenty_0b[] = "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b";
    char twenty_aa[21], fifty_dd[51], long_aa[132];
    const struct {
        const char *key, *data, *mac;
    } vectors[] = {
        { twenty_0b, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { twenty_aa, fifty_dd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
        { long_aa, "Test Using Larger Than Block-Size Key - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { long_aa, "This is a test using a larger than block-size key and a larger than block-size data. The key "
          "needs to be hashed before being used by the HMAC algorithm.",
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    };

    memset(twenty_aa, '\xaa', 20);
    twenty_aa[20] = '\0';
    memset(fifty_dd, '\xdd', 50);
    fifty_dd[50] = '\0';
    memset(long_aa, '\xaa', 131);
    long_aa[131] = '\0';
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        unsigned char mac[MU_SHA256_SIZE];
        char hex[MU_SHA256_HEX];

        mu_hmac_sha256(mac, vectors[i].key, strlen(vectors[i].key), vectors[i].data, strlen(vectors[i].data));
        mu_hex(hex, mac, sizeof(mac));
        is_text(hex, vectors[i].mac, "HMAC of \"%.20s\"", i == 2 ? "(50 times DD)" : vectors[i].data);
    }
}

/* RFC 1321 section A.5, RFC 3174 section 7.3, FIPS 180-2 section B.1: digests of "abc". */
static void test_digests(apr_pool_t *pool)
{
    mu_md5_t *running;
    unsigned char md5[MU_MD5_SIZE], sha1[MU_SHA1_SIZE], sha256[MU_SHA256_SIZE];
    char hex[MU_SHA256_HEX];

    mu_md5(md5, "abc", 3);
    mu_hex(hex, md5, sizeof(md5));
    is_text(hex, "900150983cd24fb0d6963f7d28e17f72", "MD5 of \"abc\"");
    running = mu_md5_create(pool);
    mu_md5_update(running, "a", 1);
    mu_md5_update(running, "bc", 2);
    mu_md5_finish(running, hex);
    is_text(hex, "900150983cd24fb0d6963f7d28e17f72", "the same in pieces");
    mu_sha1(sha1, "abc", 3);
    mu_hex(hex, sha1, sizeof(sha1));
    is_text(hex, "a9993e364706816aba3e25717850c26c9cd0d89d", "SHA-1 of \"abc\"");
    mu_sha256(sha256, "abc", 3);
    mu_hex(hex, sha256, sizeof(sha256));
    is_text(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of \"abc\"");
}

static void test_equal(void)
{
    ok(mu_equal_secret("abc", "abc", 3), "equal bytes are equal");
    ok(mu_equal_secret("abcd", "abce", 3), "what follows is not looked at");
    ok(mu_equal_secret("", "x", 0), "no bytes are equal");
    ok(!mu_equal_secret("abc", "abd", 3) && !mu_equal_secret("abc", "bbc", 3), "others are not");
    ok(!mu_equal_secret("a\0c", "a\0d", 3), "a NUL ends nothing");
}

static void test_random(void)
{
    enum { MANY = 500 };
    char uuids[MANY][MU_UUID_TEXT];
    unsigned char bytes[2][32] = { { 0 }, { 0 } };
    int well_formed = 0, twice = 0;

    for (int i = 0; i < MANY; i++) {
        size_t length;

        mu_uuid(uuids[i]);
        length = strlen(uuids[i]);
        well_formed += length == 36 && strspn(uuids[i], "0123456789abcdef-") == 36 && uuids[i][8] == '-'
                       && uuids[i][13] == '-' && uuids[i][14] == '4' && uuids[i][18] == '-'
                       && strchr("89ab", uuids[i][19]) != NULL && uuids[i][23] == '-';
        for (int j = 0; j < i; j++) {
            twice += strcmp(uuids[i], uuids[j]) == 0;
        }
    }
    is_number(well_formed, MANY, "UUIDs are of version 4 and in lower case");
    is_number(twice, 0, "no two of %d are the same", MANY);
    mu_random(bytes[0], sizeof(bytes[0]));
    mu_random(bytes[1], sizeof(bytes[1]));
    ok(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0, "random bytes differ");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_sha256(pool);
    test_hmac();
    test_digests(pool);
    test_equal();
    test_random();
    return tap_done();
}
