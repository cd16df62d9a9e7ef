/* What an SVG may hold: the lists behind svg_guard. Pure; each text is NUL-terminated, entities already resolved. */
#ifndef MU_PARSE_SVG_RULES_H
#define MU_PARSE_SVG_RULES_H

#include <stddef.h>

/* What an attribute's value is, and so how it is judged. */
typedef enum {
    MU_SVG_REFUSED,      /* the attribute is on no list */
    MU_SVG_PLAIN,        /* nothing acts on it */
    MU_SVG_CSS,          /* may hold url(), functions, declarations: mu_svg_css_feed() */
    MU_SVG_LINK,         /* the address of something to draw: mu_svg_link_allowed() */
    MU_SVG_NAMESPACE,    /* mu_svg_namespace_allowed() */
    MU_SVG_ANIMATED      /* the name of the attribute that an animation changes: mu_svg_animated_allowed() */
} mu_svg_value_t;

/* Whether an element of this name, with its prefix, may occur. */
int mu_svg_element_allowed(const char *name);
mu_svg_value_t mu_svg_attribute(const char *name);
/* A fragment of the document ("#a") or a raster image inside it ("data:image/png;base64,..."); the start is enough. */
int mu_svg_link_allowed(const char *value);
/* `name` is "xmlns" or "xmlns:prefix": every prefix has the one meaning that everybody gives it. */
int mu_svg_namespace_allowed(const char *name, const char *value);
int mu_svg_animated_allowed(const char *value);
/* The XML declaration between "<?" and "?>". */
int mu_svg_declaration_allowed(const char *text);
/* The character that "&reference;" stands for, 0x80 for all beyond ASCII; NUL when it is not allowed. */
char mu_svg_resolve(const char *reference);

#define MU_SVG_WORD 24

/* CSS that is being read, of an attribute or a style sheet; all zero to begin with. */
typedef struct mu_svg_css_t {
    char word[MU_SVG_WORD];   /* the identifier just read, lower case */
    size_t word_length;       /* MU_SVG_WORD when it is longer than any on our lists */
    int is_at_rule;           /* the word follows an "@" */
    int in_url;               /* behind "url(": the target's first bytes are gathered in `target` */
    char target[MU_SVG_WORD];
    size_t target_length;
} mu_svg_css_t;

/* Reads one more byte; 0 when it may not be there. */
int mu_svg_css_feed(mu_svg_css_t *css, char c);
/* The CSS ends here; 0 when it may not. */
int mu_svg_css_finish(mu_svg_css_t *css);

#endif
