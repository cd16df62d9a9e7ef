#include "libmediaupload/storage/s3_xml.h"

#include <string.h>

#include <apr_strings.h>

const apr_xml_elem *mu_s3_xml_root(const char *text, apr_size_t length, const char *name, apr_pool_t *pool)
{
    apr_xml_parser *parser = apr_xml_parser_create(pool);
    apr_xml_doc *document;

    if (apr_xml_parser_feed(parser, text, length) != APR_SUCCESS) {
        apr_xml_parser_done(parser, NULL);
        return NULL;
    }
    if (apr_xml_parser_done(parser, &document) != APR_SUCCESS || document->root == NULL
        || strcmp(document->root->name, name) != 0) {
        return NULL;
    }
    return document->root;
}

const char *mu_s3_xml_text(const apr_xml_elem *parent, const char *name, apr_pool_t *pool)
{
    for (const apr_xml_elem *child = parent->first_child; child != NULL; child = child->next) {
        if (strcmp(child->name, name) == 0) {
            const char *text = "";

            for (const apr_text *piece = child->first_cdata.first; piece != NULL; piece = piece->next) {
                text = apr_pstrcat(pool, text, piece->text, NULL);
            }
            return text;
        }
    }
    return NULL;
}
