/* The XML that S3 answers with: elements within elements, text in the innermost. Private to the S3 storage. */
#ifndef MU_STORAGE_S3_XML_H
#define MU_STORAGE_S3_XML_H

#include <apr_xml.h>

/* The outermost element of a document, when it is called `name`; NULL when it is not, or when this is no XML. Entities
 * of its own are refused. */
const apr_xml_elem *mu_s3_xml_root(const char *text, apr_size_t length, const char *name, apr_pool_t *pool);
/* The text of the first child that is called `name`; NULL when there is none. */
const char *mu_s3_xml_text(const apr_xml_elem *parent, const char *name, apr_pool_t *pool);

#endif
