#include "libmediaupload/parse/content_guard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/parse/signature_search.h"
#include "tests/tap/tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define BYTES(text) text, sizeof(text) - 1

/* What the guard says of `bytes`, fed as the first `cut` and then pieces of `piece`. */
static const char *guard_cut(const char *mime, const char *bytes, size_t length, size_t cut, size_t piece,
                             apr_pool_t *pool)
{
    apr_pool_t *scratch;
    mu_guard_t *guard;
    const char *found;

    apr_pool_create(&scratch, pool);
    guard = mu_guard_create(mu_media_type_by_mime(mime), scratch);
    mu_guard_feed(guard, bytes, cut);
    for (size_t at = cut; at < length; at += piece) {
        mu_guard_feed(guard, bytes + at, length - at < piece ? length - at : piece);
    }
    found = mu_guard_finish(guard);
    apr_pool_destroy(scratch);
    return found;
}

/* Checks the answer for the whole, for every cut in two, and for pieces of 1 to 17 bytes. */
static void is_found(const char *mime, const char *bytes, size_t length, const char *expected, const char *what,
                     apr_pool_t *pool)
{
    int same = 1;

    is_text(guard_cut(mime, bytes, length, 0, length, pool), expected, "%s", what);
    for (size_t cut = 0; cut <= length; cut++) {
        same &= guard_cut(mime, bytes, length, cut, length, pool) == guard_cut(mime, bytes, length, 0, length, pool);
    }
    for (size_t piece = 1; piece <= 17; piece++) {
        same &= guard_cut(mime, bytes, length, 0, piece, pool) == guard_cut(mime, bytes, length, 0, length, pool);
    }
    ok(same, "%s: the same however it is cut", what);
}

#define PHP "PHP code in an image"
#define SCRIPT "HTML script in an image"
#define PHAR "a PHP archive in an image"
#define ZIP "a ZIP archive in an image"
#define PDF "a PDF document in an image"
#define ELF "an ELF program in an image"

static const struct {
    const char *bytes;
    size_t length;
    const char *expected;
    const char *what;
} images[] = {
    { BYTES("<?php"), PHP, "PHP alone" },
    { BYTES("picture picture picture <?pHp system(1);"), PHP, "PHP in mixed case" },
    { BYTES("<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta><?xpacket end='w'?>"), NULL, "XMP passes" },
    { BYTES("<?ph"), NULL, "a part of a signature passes" },
    { BYTES("<<?<?p<?ph<?php"), PHP, "a signature behind false starts" },
    { BYTES("12345678901234567890<sCRipt>"), SCRIPT, "script in mixed case" },
    { BYTES("1234567890123456789012345678901__HALT_COMPILER(); ?>"), PHAR, "the stub of a PHAR" },
    { BYTES("___HALT_COMPILER"), PHAR, "a PHAR behind one more underscore" },
    { BYTES("__halt_compiler"), PHAR, "a PHAR in lower case" },
    { BYTES("x\xff\xd9PK\5\6\0\0\0\0\1\0\1\0"), ZIP, "the end record of a ZIP" },
    { BYTES("x\xff\xd9PK\3\4\24\0\10\10\10\0abc"), ZIP, "a file in a ZIP" },
    { BYTES("PK\5\6\1\2\3\4 PK\3\4\xff\1\2\3\4\5"), NULL, "the four bytes alone are chance" },
    { BYTES("x\xff\xd9%PDF-1.7\n"), PDF, "a PDF" },
    { BYTES("x\xff\xd9\x7f" "ELF\2\1\1\0\0"), ELF, "an ELF program" },
    { BYTES("\x7f" "ELF was here"), NULL, "ELF in a text" },
    { BYTES("\xff\xd9\0\0\0\30ftypmp42\0\0\0\0isommp42\0\0\0\1mdat"), NULL, "a motion photo's video passes" },
    { BYTES("\xff\xd9\0\0\1\nSEFHk\0\0\0\1\0\0\0\0\0\1\n\x1f\0\0\0\x18\0\0\0SEFT"), NULL, "Samsung's trailer passes" },
    { BYTES("\xff\xd9\xff\xd8\xff\xe1second picture\xff\xd9"), NULL, "a second JPEG passes" },
};

static void test_images(apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(images); i++) {
        is_found("image/jpeg", images[i].bytes, images[i].length, images[i].expected, images[i].what, pool);
    }
}

/* At every offset of a block, so that every lane of a wide compare is met. */
static void test_offsets(apr_pool_t *pool)
{
    char bytes[128];
    int found = 0, clean = 0;

    for (size_t at = 0; at + 7 <= sizeof(bytes); at++) {
        memset(bytes, '<', sizeof(bytes));
        clean += guard_cut("image/gif", bytes, sizeof(bytes), 0, sizeof(bytes), pool) == NULL;
        memcpy(bytes + at, "<script", 7);
        found += guard_cut("image/gif", bytes, sizeof(bytes), 0, sizeof(bytes), pool) != NULL;
        found += guard_cut("image/gif", bytes, at + 7, 0, at + 7, pool) != NULL;
    }
    is_number(found, 2 * (128 - 6), "a signature is found at every offset");
    is_number(clean, 128 - 6, "and nowhere without one");
}

static void test_samples(apr_pool_t *pool)
{
    static const char *const samples[] = {
        "baseline.jpg", "progressive.jpg", "rgb.png", "interlaced.png", "still.gif", "animated.gif", "lossy.webp",
        "lossless.webp", "alpha.webp", "animated.webp", "still.avif", "still.heic",
    };

    for (size_t i = 0; i < COUNT(samples); i++) {
        apr_size_t length;
        const char *bytes = tap_read_data(samples[i], &length, pool);

        ok(guard_cut(mu_media_type_by_name(samples[i])->mime, bytes, length, 0, length, pool) == NULL, "%s passes",
           samples[i]);
    }
}

/* ---- The search with each instruction set, against a plain one ---- */

static const char *const instructions[] = { "avx2", "ssse3", "portable" };

/* In `mask`: '=' this byte, 'a' this letter in either case, '?' any byte, '3' below 4, '<' below 64, '7' below 128. */
static const struct {
    const char *bytes;
    const char *mask;
    const char *expected;
} signatures[] = {
    { "<?php", "==aaa", PHP },
    { "<script", "=aaaaaa", SCRIPT },
    { "_halt_compiler", "=aaaa=aaaaaaaa", PHAR },
    { "PK\5\6\0\0\0\0", "========", ZIP },
    { "PK\3\4\24\0\10\10\10\0", "====<=??7=", ZIP },
    { "%PDF-", "=====", PDF },
    { "\x7f" "ELF\2\1\1", "====33=", ELF },
};

static int fits(unsigned char byte, unsigned char wanted, char mask)
{
    switch (mask) {
    case 'a':
        return byte == wanted || byte == (wanted ^ 0x20);
    case '<':
        return byte < 0x40;
    case '3':
        return byte < 4;
    case '7':
        return byte < 0x80;
    case '?':
        return 1;
    default:
        return byte == wanted;
    }
}

static const char *search_naive(const char *data, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < COUNT(signatures); i++) {
            const char *bytes = signatures[i].bytes, *mask = signatures[i].mask;
            size_t same = 0;

            while (mask[same] != '\0' && at + same < size
                   && fits((unsigned char)data[at + same], (unsigned char)bytes[same], mask[same])) {
                same++;
            }
            if (mask[same] == '\0') {
                return signatures[i].expected;
            }
        }
    }
    return NULL;
}

static int is_answer(const mu_signature_search_t *search, const char *expected)
{
    const char *got = mu_signature_search_finish(search);

    return got == NULL || expected == NULL ? got == expected : strcmp(got, expected) == 0;
}

/* `bytes` lies in an allocation of its own, so that a sanitizer sees a read past either end. */
static void feed_copy(mu_signature_search_t *search, const char *bytes, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);

    memcpy(copy, bytes, length);
    mu_signature_search_feed(search, copy, length);
    free(copy);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Signatures whole, cut short, with a byte or a letter's case changed, and single bytes of theirs. */
static void fill(char *data, size_t size, uint32_t *random)
{
    size_t used = 0;

    while (used < size) {
        size_t i = next_random(random) % COUNT(signatures);
        size_t length = strlen(signatures[i].mask), from = 0, piece = 1;

        if (next_random(random) % 2 == 0) {
            piece = next_random(random) % 16 == 0 ? length : 1 + next_random(random) % (length - 1);
        }
        else {
            from = next_random(random) % length;
        }
        piece = piece < size - used ? piece : size - used;
        memcpy(data + used, signatures[i].bytes + from, piece);
        if (next_random(random) % 2 == 0) {
            data[used + next_random(random) % piece] ^= (char)(1 << next_random(random) % 8);
        }
        used += piece;
    }
}

static void test_random(const char *instruction_set)
{
    uint32_t random = 1;
    mu_signature_search_t search;
    char data[400];
    int wrong = 0, found = 0;

    for (int round = 0; round < 20000 && wrong == 0; round++) {
        size_t size = next_random(&random) % sizeof(data);
        size_t longest = 1 + next_random(&random) % (round % 2 == 0 ? 20 : sizeof(data));
        const char *expected;

        fill(data, size, &random);
        expected = search_naive(data, size);
        mu_signature_search_init(&search);
        mu_signature_search_use(&search, instruction_set);
        for (size_t at = 0, piece; at < size; at += piece) {
            piece = next_random(&random) % (longest + 1);
            piece = piece < size - at ? piece : size - at;
            feed_copy(&search, data + at, piece);
        }
        found += expected != NULL;
        wrong += !is_answer(&search, expected);
    }
    is_number(wrong, 0, "%s: as a plain search on random contents cut at random", instruction_set);
    ok(found > 5000 && found < 15000, "%s: of which some hold a signature and some do not", instruction_set);
}

/* Each signature at every offset, whole and with the last byte wrong, cut in two everywhere around it. */
static void test_places(const char *instruction_set, const char *filler)
{
    mu_signature_search_t search;
    char data[170];
    int wrong = 0;

    for (size_t i = 0; i < COUNT(signatures); i++) {
        const size_t length = strlen(signatures[i].mask);

        for (size_t at = 0; at + length <= sizeof(data); at++) {
            for (size_t j = 0; j < sizeof(data); j++) {
                data[j] = filler[j % strlen(filler)];
            }
            memcpy(data + at, signatures[i].bytes, length);
            for (int is_broken = 0; is_broken < 2; is_broken++) {
                data[at + length - 1] ^= (char)(is_broken != 0 ? 0x80 : 0);
                for (size_t cut = at > 0 ? at - 1 : 0; cut <= at + length; cut++) {
                    size_t first = cut < sizeof(data) ? cut : sizeof(data);

                    mu_signature_search_init(&search);
                    mu_signature_search_use(&search, instruction_set);
                    feed_copy(&search, data, first);
                    feed_copy(&search, data + first, sizeof(data) - first);
                    wrong += !is_answer(&search, is_broken ? NULL : signatures[i].expected);
                }
            }
        }
    }
    is_number(wrong, 0, "%s: every signature is found at every offset across every cut, behind %s", instruction_set,
              filler);
}

static void test_search(void)
{
    mu_signature_search_t search;

    mu_signature_search_init(&search);
    for (size_t i = 0; i < COUNT(instructions); i++) {
        if (!mu_signature_search_use(&search, instructions[i])) {
            diag("this CPU has no %s", instructions[i]);
            continue;
        }
        test_random(instructions[i]);
        test_places(instructions[i], ".");
        test_places(instructions[i], "<?__PK%PD<sCr");
    }
    ok(!mu_signature_search_use(&search, "abacus"), "an unknown instruction set is told");
}

/* ---- SVG ---- */

#define UNREADABLE "an SVG that is no well-formed XML"
#define NOT_WHOLE "an SVG that is not whole"
#define ELEMENT "an element in an SVG that is not allowed"
#define ATTRIBUTE "an attribute in an SVG that is not allowed"
#define EVENT "an event handler in an SVG"
#define LINK "a link to another document in an SVG"
#define STYLE "CSS in an SVG that is not allowed"
#define DOCTYPE "a document type, entity or section in an SVG"
#define ENTITY "an entity in an SVG"
#define INSTRUCTION "a processing instruction in an SVG"
#define NAMESPACE "a namespace in an SVG that is not known"
#define ANIMATION "an animation in an SVG that is not allowed"
#define SVG(inside) \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink='http://www.w3.org/1999/xlink'>" inside "</svg>"

static const struct {
    const char *svg;
    const char *expected;
    const char *what;
} svgs[] = {
    { SVG("<rect x='1' y=\"2\" width='3' height='4' fill='#f00'/>"), NULL, "a rectangle" },
    { "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n" SVG("") "\n<!-- end -->\n",
      NULL, "byte order mark, declaration, comments" },
    { SVG("<title>\xc3\x89t\xc3\xa9 &amp; &#201; &#xe9; &lt;script&gt;</title><desc>a</desc>"), NULL,
      "a title with references" },
    { SVG("<defs><linearGradient id='a'><stop offset='0'/></linearGradient></defs>"
          "<g fill='url(#a)'><use xlink:href='#a'/></g>"), NULL, "references inside the document" },
    { SVG("<image href='data:image/png;base64,iVBORw0KGgo='/>"), NULL, "a picture inside the document" },
    { SVG("<style type='text/css'><![CDATA[ .a{fill:url( '#b' );transform:rotate(3deg)} "
          "@media (min-width:9px){.b{x:1}} ]]></style>"), NULL, "a style sheet" },
    { SVG("<style>.a > .b{fill:rgb(1,2,3)}</style>"), NULL, "a style sheet without a section" },
    { SVG("<path d='M0 0L1 1' style='fill:none;stroke:#000' transform='translate(1,2) scale(.5)'/>"), NULL, "styles" },
    { SVG("<circle r='1'><animate attributeName='r' values='1;2' dur='1s'/></circle>"), NULL, "an animation" },
    { SVG("<g xmlns:inkscape='http://www.inkscape.org/namespaces/inkscape' inkscape:label='Layer (1)'/>"), NULL,
      "a drawing program's attributes" },
    { SVG("<metadata><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:li/></rdf:RDF></metadata>"),
      NULL, "metadata" },
    { SVG("<g aria-label='a' data-name='url(javascript:)' role='img'/>"), NULL, "attributes that nothing acts on" },
    { SVG("<g \n id = 'a'\t class='b' >text</g >"), NULL, "white space in tags" },

    { SVG("<script>alert(1)</script>"), "a script in an SVG", "script" },
    { SVG("<SCRIPT/>"), "a script in an SVG", "script in upper case" },
    { SVG("<svg:script/>"), "a script in an SVG", "script with a prefix" },
    { SVG("<x:script xmlns:x='http://www.w3.org/1999/xhtml'/>"), "a script in an SVG", "script of XHTML" },
    { SVG("<h:img xmlns:h='http://www.w3.org/1999/xhtml'/>"), ELEMENT, "an element of XHTML" },
    { SVG("<g xmlns:h='http://www.w3.org/1999/xhtml'/>"), NAMESPACE, "the namespace of XHTML" },
    { SVG("<g xmlns:rdf='http://www.w3.org/2000/svg'><rdf:g/></g>"), NAMESPACE,
      "a known prefix for another namespace" },
    { SVG("<g xmlns='http://www.w3.org/1999/xhtml'/>"), NAMESPACE, "another default namespace" },
    { SVG("<foreignObject/>"), ELEMENT, "foreignObject" },
    { SVG("<iframe src='x'/>"), ELEMENT, "iframe" },
    { SVG("<embed/>"), ELEMENT, "embed" },
    { SVG("<object/>"), ELEMENT, "object" },
    { SVG("<a href='#x'/>"), ELEMENT, "a" },
    { SVG("<handler/>"), ELEMENT, "handler" },
    { SVG("<audio/>"), ELEMENT, "audio" },
    { SVG("<g onload='x'/>"), EVENT, "an event" },
    { SVG("<g ONLOAD='x'/>"), EVENT, "an event in upper case" },
    { SVG("<g\n/onload='x'/>"), UNREADABLE, "an event behind a slash" },
    { SVG("<g id='a'onload='x'/>"), UNREADABLE, "an event without a space" },
    { SVG("<g onload=x/>"), EVENT, "an event without quotes" },
    { SVG("<g id=x/>"), UNREADABLE, "an attribute without quotes" },
    { SVG("<g xml:base='http://x/'/>"), ATTRIBUTE, "xml:base" },
    { SVG("<g srcdoc='x'/>"), ATTRIBUTE, "an unknown attribute" },
    { SVG("<use href='javascript:alert(1)'/>"), LINK, "javascript:" },
    { SVG("<use href='&#106;avascript:alert(1)'/>"), LINK, "javascript: with a reference" },
    { SVG("<use href='&#x6A;avascript:alert(1)'/>"), LINK, "javascript: with a hex reference" },
    { SVG("<use href=' java\nscript:alert(1)'/>"), LINK, "javascript: with white space" },
    { SVG("<use xlink:href='http://x/y.svg#a'/>"), LINK, "another host" },
    { SVG("<image href='//x/y.png'/>"), LINK, "another host without a scheme" },
    { SVG("<image href='y.png'/>"), LINK, "a neighbour" },
    { SVG("<use href='data:image/svg+xml;base64,PHN2Zz4='/>"), LINK, "an SVG inside the document" },
    { SVG("<use href='data:text/html,x'/>"), LINK, "HTML inside the document" },
    { SVG("<g fill='url(http://x/#a)'/>"), STYLE, "url() of another host" },
    { SVG("<g fill='URL(\"http://x/\")'/>"), STYLE, "url() in upper case" },
    { SVG("<g fill='url(&#104;ttp://x/)'/>"), STYLE, "url() with a reference" },
    { SVG("<g fill='u\\72l(http://x/)'/>"), STYLE, "an escape in CSS" },
    { SVG("<g fill='url('/>"), STYLE, "url() without an end" },
    { SVG("<g style='background:image-set(\"http://x/\" 1x)'/>"), STYLE, "image-set()" },
    { SVG("<g style='width:expression(alert(1))'/>"), STYLE, "expression()" },
    { SVG("<style>@import 'http://x/';</style>"), STYLE, "@import" },
    { SVG("<style>@IMPORT url(#a);</style>"), STYLE, "@import in upper case" },
    { SVG("<style>@im&#112;ort 'x';</style>"), STYLE, "@import with a reference" },
    { SVG("<style>@font-face{src:url(x.woff)}</style>"), STYLE, "a font of another file" },
    { SVG("<style>.a{}<g/></style>"), UNREADABLE, "an element in a style sheet" },
    { SVG("<style>.a{}<!-- --></style>"), DOCTYPE, "a comment in a style sheet" },
    { SVG("<style><![CDATA[</style><script>]]></style>"), STYLE, "a tag in a section" },
    { SVG("<![CDATA[<script>]]>"), DOCTYPE, "a section outside a style sheet" },
    { SVG("<set attributeName='href' to='javascript:alert(1)'/>"), ANIMATION, "an animated link" },
    { SVG("<set attributeName='xlink:href' to='x'/>"), ANIMATION, "an animated xlink:href" },
    { SVG("<set attributeName='onclick' to='alert(1)'/>"), ANIMATION, "an animated event" },
    { SVG("<animate attributeName='&#111;nclick' to='alert'/>"), ANIMATION, "an animated event with a reference" },
    { SVG("<animate attributeName='fill' values='url(http://x/)'/>"), STYLE, "an animated url()" },
    { "<!DOCTYPE svg>" SVG(""), DOCTYPE, "a document type" },
    { "<!DOCTYPE svg [<!ENTITY a 'b'>]>" SVG("&a;"), DOCTYPE, "an entity" },
    { SVG("&a;"), ENTITY, "an unknown entity" },
    { SVG("&#0;"), ENTITY, "a reference to NUL" },
    { SVG("&#x1000000000;"), ENTITY, "a reference beyond Unicode" },
    { SVG("&amp"), ENTITY, "a reference without an end" },
    { "<?xml-stylesheet href='x'?>" SVG(""), INSTRUCTION, "a style sheet's instruction" },
    { SVG("<?php echo 1;?>"), INSTRUCTION, "PHP" },
    { "<?xml version='1.0' encoding='UTF-7'?>" SVG(""), INSTRUCTION, "UTF-7" },
    { "<?xml version='1.0' encoding='utf-8x'?>" SVG(""), INSTRUCTION, "an unknown encoding" },
    { "<!-- a --><?xml version='1.0'?>" SVG(""), INSTRUCTION, "a declaration behind a comment" },
    { SVG("<!--> <script> -->"), UNREADABLE, "a comment that HTML ends at once" },
    { SVG("<!-- --!><script> -->"), UNREADABLE, "a comment that HTML ends earlier" },
    { SVG("\x1b$B"), "a control byte in an SVG", "an escape sequence" },
    { SVG("<g id='<'/>"), UNREADABLE, "a tag in a value" },
    { SVG("< g/>"), UNREADABLE, "a space before a name" },
    { SVG("") "x", UNREADABLE, "text behind the root" },
    { SVG("") "<g/>", UNREADABLE, "an element behind the root" },
    { SVG("") "</g>", UNREADABLE, "an end tag behind the root" },
    { "<html/>", UNREADABLE, "another root" },
    { "<svg xmlns='http://www.w3.org/2000/svg'><g>", NOT_WHOLE, "no end" },
    { "<svg xmlns='http://www.w3.org/2000/svg'", NOT_WHOLE, "half a tag" },
    { "<!-- -->", NOT_WHOLE, "no root" },
    { SVG("<g id='a' abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz='x'/>"),
      "a name in an SVG that is too long", "a long name" },
};

static void test_svgs(apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(svgs); i++) {
        is_found("image/svg+xml", svgs[i].svg, strlen(svgs[i].svg), svgs[i].expected, svgs[i].what, pool);
    }
}

static void test_svg_depth(apr_pool_t *pool)
{
    char *svg = apr_pcalloc(pool, 3 * 600 + 6);

    memcpy(svg, "<svg>", 5);
    for (int i = 0; i < 600; i++) {
        memcpy(svg + 5 + 3 * i, "<g>", 3);
    }
    is_text(guard_cut("image/svg+xml", svg, strlen(svg), 0, 4096, pool), "an SVG that is nested too deeply",
            "a deep document");
}

/* A document cut anywhere does not pass. */
static void test_svg_prefixes(apr_pool_t *pool)
{
    const char *svg = svgs[3].svg;
    int passed = 0;

    for (size_t length = 0; length < strlen(svg); length++) {
        passed += guard_cut("image/svg+xml", svg, length, 0, 4096, pool) == NULL;
    }
    is_number(passed, 0, "no part of a document passes");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_images(pool);
    test_offsets(pool);
    test_samples(pool);
    test_search();
    test_svgs(pool);
    test_svg_depth(pool);
    test_svg_prefixes(pool);
    ok(mu_guard_create(mu_media_type_by_mime("video/mp4"), pool) == NULL, "no guard for video");
    ok(mu_guard_create(mu_media_type_by_mime("application/pdf"), pool) == NULL, "no guard for PDF");
    return tap_done();
}
