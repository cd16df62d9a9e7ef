#include "libmediaupload/parse/svg_rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* SVG 2, appendix "Element index", and Filter Effects Module Level 1, without what runs code, holds foreign content or
 * leads away: script, foreignObject, iframe, audio, video, canvas, a, discard, handler, cursor, font-face-uri. */
static const char *const elements[] = {
    "animate", "animateMotion", "animateTransform", "circle", "clipPath", "defs", "desc", "ellipse", "feBlend",
    "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting",
    "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR",
    "feGaussianBlur", "feImage", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight",
    "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence", "filter", "g", "image", "line", "linearGradient",
    "marker", "mask", "metadata", "mpath", "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "set",
    "solidcolor", "stop", "style", "svg", "switch", "symbol", "text", "textPath", "title", "tspan", "use", "view",
};

/* SVG 2, appendix "Attribute index", and what is left of SVG 1.1's; without event attributes, href and xml:base. */
static const char *const plain_attributes[] = {
    "accumulate", "additive", "amplitude", "attributeType", "azimuth", "baseFrequency", "baseProfile",
    "begin", "bias", "calcMode", "class", "clipPathUnits", "contentScriptType", "contentStyleType", "cx", "cy", "d",
    "diffuseConstant", "divisor", "dur", "dx", "dy", "edgeMode", "elevation", "enable-background", "end", "exponent",
    "filterRes", "filterUnits", "focusable", "fr", "fx", "fy", "gradientUnits", "height", "id", "in", "in2",
    "intercept", "k1", "k2", "k3", "k4", "kernelMatrix", "kernelUnitLength", "keyPoints", "keySplines", "keyTimes",
    "lang", "lengthAdjust", "limitingConeAngle", "markerHeight", "markerUnits", "markerWidth", "maskContentUnits",
    "maskUnits", "max", "media", "method", "min", "mode", "name", "numOctaves", "offset", "operator", "order",
    "orient", "origin", "overflow", "path", "pathLength", "patternContentUnits", "patternUnits", "points",
    "pointsAtX", "pointsAtY", "pointsAtZ", "preserveAlpha", "preserveAspectRatio", "primitiveUnits", "r", "radius",
    "refX", "refY", "repeatCount", "repeatDur", "requiredExtensions", "requiredFeatures", "restart", "result", "role",
    "rotate", "rx", "ry", "scale", "seed", "side", "slope", "spacing", "specularConstant", "specularExponent",
    "spreadMethod", "startOffset", "stdDeviation", "stitchTiles", "surfaceScale", "systemLanguage", "tabindex",
    "tableValues", "targetX", "targetY", "textLength", "type", "version", "viewBox", "viewTarget", "width", "x", "x1",
    "x2", "xChannelSelector", "xlink:actuate", "xlink:arcrole", "xlink:role", "xlink:show", "xlink:title",
    "xlink:type", "xml:lang", "xml:space", "y", "y1", "y2", "yChannelSelector", "z", "zoomAndPan",
};

/* SVG 2 section 6.6, presentation attributes; and values of animations. */
static const char *const css_attributes[] = {
    "alignment-baseline", "backdrop-filter", "baseline-shift", "by", "clip", "clip-path", "clip-rule", "color",
    "color-interpolation", "color-interpolation-filters", "color-profile", "color-rendering", "cursor", "direction",
    "display", "dominant-baseline", "fill", "fill-opacity", "fill-rule", "filter", "flood-color", "flood-opacity",
    "font", "font-family", "font-feature-settings", "font-size", "font-size-adjust", "font-stretch", "font-style",
    "font-variant", "font-weight", "from", "glyph-orientation-horizontal", "glyph-orientation-vertical",
    "gradientTransform", "image-rendering", "isolation", "kerning", "letter-spacing", "lighting-color", "line-height",
    "marker", "marker-end", "marker-mid", "marker-start", "mask", "mask-type", "mix-blend-mode", "opacity",
    "paint-order", "patternTransform", "pointer-events", "shape-rendering", "solid-color", "solid-opacity",
    "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "style", "text-align", "text-anchor",
    "text-decoration", "text-overflow", "text-rendering", "to", "transform", "transform-box", "transform-origin",
    "unicode-bidi", "values", "vector-effect", "visibility", "white-space", "word-spacing", "writing-mode",
};

/* Prefixes with the meaning that drawing programs give them. Where `is_data` is set, their elements and attributes
 * describe the drawing and nothing acts on them; nothing may use the others as a prefix of elements, so that
 * "svg:script" or a prefix for XHTML cannot occur. */
static const struct {
    const char *prefix;
    const char *uri;
    int is_data;
} namespaces[] = {
    { "", "http://www.w3.org/2000/svg", 0 },
    { "svg", "http://www.w3.org/2000/svg", 0 },
    { "xlink", "http://www.w3.org/1999/xlink", 0 },
    { "rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#", 1 },
    { "dc", "http://purl.org/dc/elements/1.1/", 1 },
    { "cc", "http://creativecommons.org/ns#", 1 },
    { "cc", "http://web.resource.org/cc/", 1 },
    { "inkscape", "http://www.inkscape.org/namespaces/inkscape", 1 },
    { "sodipodi", "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd", 1 },
    { "sodipodi", "http://inkscape.sourceforge.net/DTD/sodipodi-0.dtd", 1 },
    { "sketch", "http://www.bohemiancoding.com/sketch/ns", 1 },
    { "figma", "http://www.figma.com/figma/ns", 1 },
    { "serif", "http://www.serif.com/", 1 },
    { "vectornator", "http://vectornator.io", 1 },
};

/* CSS Values and Units, Color, Transforms, Easing, Filter Effects and Shapes; url() has its own check. No function that
 * takes an address as a string: image(), image-set(), src(), attr(). */
static const char *const functions[] = {
    "blur", "brightness", "calc", "circle", "clamp", "color", "contrast", "cubic-bezier", "drop-shadow", "ellipse",
    "format", "grayscale", "hsl", "hsla", "hue-rotate", "hwb", "icc-color", "inset", "invert", "is", "lab", "lch",
    "linear", "local", "matrix", "matrix3d", "max", "min", "not", "nth-child", "nth-last-child", "nth-of-type",
    "oklab", "oklch", "opacity", "path", "perspective", "polygon", "rect", "rgb", "rgba", "rotate", "rotate3d",
    "rotatex", "rotatey", "rotatez", "saturate", "scale", "scale3d", "scalex", "scaley", "sepia", "skew", "skewx",
    "skewy", "steps", "translate", "translate3d", "translatex", "translatey", "translatez", "url", "var", "where",
};

static const char *const at_rules[] = { "font-face", "keyframes", "media", "-webkit-keyframes" };

static const char *const link_starts[] = {
    "#", "data:image/png;base64,", "data:image/jpeg;base64,", "data:image/jpg;base64,", "data:image/gif;base64,",
    "data:image/webp;base64,",
};

static int is_listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether `name` is "prefix:local" with a prefix whose names describe the drawing. */
static int is_data_name(const char *name)
{
    for (size_t i = 0; i < COUNT(namespaces); i++) {
        size_t length = strlen(namespaces[i].prefix);

        if (namespaces[i].is_data && strncmp(name, namespaces[i].prefix, length) == 0 && name[length] == ':') {
            return strchr(name + length + 1, ':') == NULL;
        }
    }
    return 0;
}

int mu_svg_element_allowed(const char *name)
{
    return is_listed(elements, COUNT(elements), name) || is_data_name(name);
}

mu_svg_value_t mu_svg_attribute(const char *name)
{
    if (strcmp(name, "href") == 0 || strcmp(name, "xlink:href") == 0) {
        return MU_SVG_LINK;
    }
    if (strcmp(name, "xmlns") == 0 || strncmp(name, "xmlns:", 6) == 0) {
        return MU_SVG_NAMESPACE;
    }
    if (strcmp(name, "attributeName") == 0) {
        return MU_SVG_ANIMATED;
    }
    if (is_listed(css_attributes, COUNT(css_attributes), name)) {
        return MU_SVG_CSS;
    }
    if (is_listed(plain_attributes, COUNT(plain_attributes), name) || is_data_name(name)
        || strncmp(name, "data-", 5) == 0 || strncmp(name, "aria-", 5) == 0) {
        return MU_SVG_PLAIN;
    }
    return MU_SVG_REFUSED;
}

int mu_svg_link_allowed(const char *value)
{
    for (size_t i = 0; i < COUNT(link_starts); i++) {
        if (strncmp(value, link_starts[i], strlen(link_starts[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

int mu_svg_namespace_allowed(const char *name, const char *value)
{
    const char *prefix = strncmp(name, "xmlns:", 6) == 0 ? name + 6 : "";

    for (size_t i = 0; i < COUNT(namespaces); i++) {
        if (strcmp(prefix, namespaces[i].prefix) == 0 && strcmp(value, namespaces[i].uri) == 0) {
            return 1;
        }
    }
    return 0;
}

int mu_svg_animated_allowed(const char *value)
{
    mu_svg_value_t kind = mu_svg_attribute(value);

    return (kind == MU_SVG_PLAIN || kind == MU_SVG_CSS) && strcmp(value, "style") != 0;
}

char mu_svg_resolve(const char *reference)
{
    static const struct {
        const char *name;
        char c;
    } named[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
    int is_hex = reference[0] == '#' && reference[1] == 'x';
    const char *digits = reference + 1 + is_hex;
    char *end;
    long number;

    for (size_t i = 0; i < COUNT(named); i++) {
        if (strcmp(reference, named[i].name) == 0) {
            return named[i].c;
        }
    }
    if (reference[0] != '#' || !apr_isxdigit(*digits)) {
        return 0;
    }
    number = strtol(digits, &end, is_hex ? 16 : 10);
    if (*end != '\0' || number > 0x10ffff || (number < 0x20 && !apr_isspace((char)number))) {
        return 0;
    }
    return number < 0x80 ? (char)number : (char)0x80;
}

/* An encoding that gives another meaning to ASCII bytes (UTF-7, ISO-2022-JP) would be read differently by browsers. */
int mu_svg_declaration_allowed(const char *text)
{
    static const char *const encodings[] = { "utf-8", "us-ascii", "iso-8859-1", "windows-1252" };
    const char *encoding = strstr(text, "encoding");

    if (strncmp(text, "xml", 3) != 0 || !apr_isspace(text[3])) {
        return 0;
    }
    if (encoding == NULL) {
        return 1;
    }
    encoding += strlen("encoding");
    encoding += strspn(encoding, " \t\r\n=");
    for (size_t i = 0; i < COUNT(encodings); i++) {
        size_t length = strlen(encodings[i]);

        if ((*encoding == '"' || *encoding == '\'') && strncasecmp(encoding + 1, encodings[i], length) == 0
            && encoding[length + 1] == *encoding) {
            return 1;
        }
    }
    return 0;
}

static int is_word_byte(char c)
{
    return apr_isalnum(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* The word ends; at an "(" it is a function's name, behind an "@" that of a rule. */
static int end_word(mu_svg_css_t *css, char next)
{
    int is_short = css->word_length < MU_SVG_WORD;
    int allowed = 1;

    css->word[is_short ? css->word_length : 0] = '\0';
    if (css->is_at_rule) {
        allowed = is_short && is_listed(at_rules, COUNT(at_rules), css->word);
    }
    else if (next == '(' && css->word_length > 0) {
        allowed = is_short && is_listed(functions, COUNT(functions), css->word);
        css->in_url = strcmp(css->word, "url") == 0;
        css->target_length = 0;
    }
    css->is_at_rule = next == '@';
    css->word_length = 0;
    return allowed;
}

/* A target may follow white space and a quote; it is known to be allowed when a whole start has been read. */
static int feed_target(mu_svg_css_t *css, char c)
{
    if (css->target_length == 0 && (apr_isspace(c) || c == '"' || c == '\'')) {
        return 1;
    }
    css->target[css->target_length++] = c;
    css->target[css->target_length] = '\0';
    if (mu_svg_link_allowed(css->target)) {
        css->in_url = 0;
        return 1;
    }
    for (size_t i = 0; i < COUNT(link_starts); i++) {
        if (strncmp(link_starts[i], css->target, css->target_length) == 0) {
            return 1;
        }
    }
    return 0;
}

int mu_svg_css_feed(mu_svg_css_t *css, char c)
{
    if (c == '\\' || c == '<') {   /* an escape would hide a word */
        return 0;
    }
    if (css->in_url) {
        return feed_target(css, c);
    }
    if (!is_word_byte(c)) {
        return end_word(css, c);
    }
    if (css->word_length < MU_SVG_WORD) {
        css->word[css->word_length++] = (char)apr_tolower(c);
    }
    return 1;
}

int mu_svg_css_finish(mu_svg_css_t *css)
{
    return !css->in_url && end_word(css, ' ');
}
