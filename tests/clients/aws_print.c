/* Prints what we sign for S3, to be compared with what the AWS SDK signs. The key is in the environment, under the
 * names of docs/storage.md. A line of standard input, its words parted by tabs, gives a line:
 *
 *   sign URL METHOD KEY TIME PAYLOAD WORD...           the request's URL and headers, tabs between them
 *   presign URL METHOD KEY TIME SECONDS WORD...        the presigned URL
 *
 * URL is that of a storage, KEY an object in it or empty for the bucket, TIME seconds since 1970, PAYLOAD the body's
 * SHA-256 or empty. A WORD is "?NAME=VALUE" of the query or a header, "NAME: VALUE". */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/storage/s3_place.h"
#include "tests/clients/answer_lines.h"

#define FIXED_WORDS 6   /* before the first WORD */

static const char *from_environment(void *baton, const char *name)
{
    (void)baton;
    return getenv(name);
}

/* Splits "NAME=VALUE", or "NAME: VALUE", at `mark`, and adds it. */
static void add_pair(apr_table_t *table, char *word, const char *mark)
{
    char *end = strstr(word, mark);

    if (end != NULL) {
        *end = '\0';
        apr_table_addn(table, word, end + strlen(mark));
    }
}

/* The request as s3_call.c makes it. */
static mu_aws_request_t read_request(const mu_s3_place_t *place, char **words, int count, apr_pool_t *pool)
{
    apr_table_t *query = apr_table_make(pool, 8), *headers = apr_table_make(pool, 8);

    for (int i = FIXED_WORDS; i < count; i++) {
        if (*words[i] == '?') {
            add_pair(query, words[i] + 1, "=");
        }
        else {
            add_pair(headers, words[i], ": ");
        }
    }
    return (mu_aws_request_t){
        .method = words[2],
        .origin = place->origin,
        .path = *words[3] != '\0' ? apr_pstrcat(pool, place->object_path, words[3], NULL) : place->bucket_path,
        .query = query,
        .headers = headers,
    };
}

static const char *print_line(char **words, int count, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = "/", .env = { .get = from_environment } };
    mu_aws_request_t request;
    mu_s3_place_t *place;
    apr_time_t time;
    mu_error_t *err;

    if (count < FIXED_WORDS || strncmp(words[1], "s3:", 3) != 0) {
        return "not understood";
    }
    err = mu_s3_place_read(&place, words[1] + 3, &options, pool);
    if (err != NULL) {
        return err->text;
    }
    request = read_request(place, words, count, pool);
    time = apr_time_from_sec(apr_atoi64(words[4]));
    if (strcmp(words[0], "presign") == 0) {
        return mu_aws_presign(&request, &place->key, time, atoi(words[5]), pool);
    }
    request.payload = *words[5] != '\0' ? words[5] : NULL;
    return apr_pstrcat(pool, mu_aws_url(&request, pool), "\t",
                       apr_array_pstrcat(pool, mu_aws_sign(&request, &place->key, time, pool), '\t'), NULL);
}

int main(void)
{
    return answer_lines(print_line);
}
