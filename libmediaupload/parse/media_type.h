/* What a file is, told from its leading bytes, never from its name or Content-Type header; and the extension that
 * each type is stored under. Pure. */
#ifndef MU_PARSE_MEDIA_TYPE_H
#define MU_PARSE_MEDIA_TYPE_H

#include <stddef.h>

typedef enum { MU_MEDIA_IMAGE, MU_MEDIA_VIDEO, MU_MEDIA_DOCUMENT, MU_MEDIA_OTHER } mu_media_kind_t;

typedef struct mu_media_type_t {
    const char *mime;        /* "image/jpeg" */
    const char *extension;   /* "jpg", without the dot: ASCII, nothing a handler could execute */
    mu_media_kind_t kind;
} mu_media_type_t;

/* How many leading bytes mu_media_type_sniff looks at; a shorter file is given whole. */
#define MU_SNIFF_LENGTH 1024

/* The type of a file that starts with these bytes; never NULL: application/octet-stream ("bin") for what is unknown.
 * Known: JPEG, PNG, GIF, WebP, AVIF, HEIC, SVG, MP4, WebM, QuickTime, PDF, and, so that they can be named when
 * refused: ZIP, PHP, ELF, HTML, XML, shell scripts, plain text. `bytes` may be NULL when `length` is 0. */
const mu_media_type_t *mu_media_type_sniff(const char *bytes, size_t length);

/* By MIME type, compared without case; NULL when not in the table. */
const mu_media_type_t *mu_media_type_by_mime(const char *mime);
/* By a file name's last extension ("x.JPEG"), without case, common aliases included; NULL when not in the table. */
const mu_media_type_t *mu_media_type_by_name(const char *filename);

/* Whether `mime` is covered by `pattern`: "image/png", "image/<star>", "<star>/<star>" (a star for any). */
int mu_media_type_matches(const char *mime, const char *pattern);

#endif
