#include "libmediaupload/catalog/parameters.h"

#include "tests/tap/tap.h"

static void test_public(apr_pool_t *pool)
{
    static const struct {
        const char *driver;
        const char *params;
        const char *expected;
    } cases[] = {
        { "mysql", "host=127.0.0.1,port=3306,user=u,pass=sekret,dbname=media",
          "host=127.0.0.1 port=3306 dbname=media" },
        { "mysql", "dbname=media;sock=/run/s|user = u pass = sekret", "dbname=media sock=/run/s" },
        { "mysql", "pass=se'host=x,dbname=m", "dbname=m" },
        { "pgsql", "host=db password='x host=evil dbname=y' dbname = media", "host=db dbname=media" },
        { "pgsql", "password='it\\'s host=x' port=5432", "port=5432" },
        { "pgsql", "password='never closed host=x", "" },
        { "pgsql", "postgresql://u:sekret@host/media", "" },
        { "sqlite3", "var/host=media.db", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const apr_array_header_t *parsed =
            mu_parameters_parse(cases[i].params, mu_dialect_find(cases[i].driver), pool);

        is_text(mu_parameters_public(parsed, pool), cases[i].expected, "%s: what may be shown of %s", cases[i].driver,
                cases[i].params);
    }
}

static void test_hide(apr_pool_t *pool)
{
    static const struct {
        const char *driver;
        const char *params;
        const char *text;
        const char *expected;
    } cases[] = {
        { "mysql", "user=u,pass=sekret", "Access denied for 'u' (using password: YES)",
          "Access denied for 'u' (using password: YES)" },
        { "mysql", "user=u,pass=sekret", "sekret is not sekret", "*** is not ***" },
        { "mysql", "pass=x", "xx", "******" },
        { "pgsql", "password=my secret", "missing \"=\" after \"secret\" in connection info string",
          "missing \"=\" after \"***\" in connection info string" },
        { "pgsql", "password=a b=c", "invalid connection option \"b\"", "inv***lid ***onne***tion option \"***\"" },
        { "pgsql", "password='a long one'", "no: a long one", "no: ***" },
        { "pgsql", "postgresql://u:se%zz@h/m", "invalid token: \"se%zz\"", "invalid token: \"***\"" },
        { "pgsql", "postgresql://u:p@h:bad", "bad port in postgresql://u:p@h:bad", "bad ***ort in ***" },
        { "pgsql", "host=db password=", "FATAL:  password\n\tauthentication failed \n",
          "FATAL: password authentication failed" },
        { "sqlite3", "media.db", "database is\nlocked", "database is locked" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const apr_array_header_t *parsed =
            mu_parameters_parse(cases[i].params, mu_dialect_find(cases[i].driver), pool);

        is_text(mu_parameters_hide(parsed, cases[i].text, pool), cases[i].expected, "%s: %s", cases[i].driver,
                cases[i].expected);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_public(pool);
    test_hide(pool);
    return tap_done();
}
