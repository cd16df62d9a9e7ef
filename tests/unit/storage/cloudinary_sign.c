#include "libmediaupload/storage/cloudinary_sign.h"

#include "tests/tap/tap.h"

/* Values: cloudinary.com/documentation, "Generating authentication signatures", hashed with SHA-256 instead, and
 * "Verifying signatures in the JSON response". tests/clients compares more of them with Cloudinary's SDK. */
static void test_signature(apr_pool_t *pool)
{
    static const mu_cloudinary_param_t plain[] = {
        { "timestamp", "1315060510" }, { "public_id", "sample_image" },
    };
    static const mu_cloudinary_param_t with_empty[] = {
        { "timestamp", "1315060510" }, { "folder", "" }, { "public_id", "sample_image" },
    };
    static const mu_cloudinary_param_t smuggled[] = {
        { "public_id", "sample_image&timestamp=1315060510" },
    };
    const char *signature = mu_cloudinary_signature(plain, 2, "abcd", pool);

    is_text(signature, "e3c44b54e67a3ecc918f5d7236ca5faa36250ea8a8cd6cbabfd2d6bb2453acac",
            "SHA-256 of the sorted parameters and the secret");
    is_text(mu_cloudinary_signature(with_empty, 3, "abcd", pool), signature, "an empty parameter does not count");
    is_text(mu_cloudinary_signature(smuggled, 1, "abcd", pool),
            "6d510b57ee4d31569209214838df5e6041f3048bad128dbbd48ed527dca28ac4",
            "a value cannot pretend to be another parameter");
    is_text(mu_cloudinary_signature(plain, 0, "abcd", pool),
            "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589",
            "without parameters, that of the secret");
}

static void test_answers(apr_pool_t *pool)
{
    static const struct {
        const char *signature;
        int right;
    } cases[] = {
        { "7332b60d1da7033c332c59cb66dac31f72acc44c", 1 },
        { "d5c22bdf14b88713b860b62622e0ae4a1ee50efb3405d8b454e329b262c437fe", 1 },
        { "0332b60d1da7033c332c59cb66dac31f72acc44c", 0 },
        { "", 0 },
        { NULL, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_number(mu_cloudinary_answer_is_signed("sample", 1312461204, cases[i].signature, "abcd", pool),
                  cases[i].right, "an answer signed \"%s\"", cases[i].signature != NULL ? cases[i].signature : "");
    }
    is_number(mu_cloudinary_answer_is_signed("other", 1312461204, cases[0].signature, "abcd", pool), 0,
              "the same for another object");
    is_number(mu_cloudinary_answer_is_signed("sample", 1312461204, cases[0].signature, "abce", pool), 0,
              "the same with another secret");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_signature(pool);
    test_answers(pool);
    return tap_done();
}
