"""Bodies as the world sends them: one of each kind that browsers, programs, other servers' tests and attackers make,
and what an endpoint that takes every type answers.

    ACCEPTED   title: (body, parts[, Content-Type])    every part with exactly this name, file name and content
    REFUSED    title: (body[, Content-Type])           4xx: malformed, or two programs would read it in two ways

Where servers disagree, the line above the row says who reads what, and why we do as we do. RFC 7578 is the form, RFC
2046 the multipart.
"""
BOUNDARY = "b0undary"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
DIGITS = "0123456789" * 10

MARK = b"--b0undary\r\n"
END = b"--b0undary--\r\n"
FIELD = 'Content-Disposition: form-data; name="f"'
FILE = FIELD + '; filename="x.bin"'


def part(head=FIELD, content=b"v"):
    """One part: header lines without the last CR LF, content. Text is UTF-8."""
    head = head.encode() if isinstance(head, str) else head
    content = content.encode() if isinstance(content, str) else content
    return MARK + head + b"\r\n\r\n" + content + b"\r\n"


def merged(*tables):
    rows = {title: row for table in tables for title, row in table.items()}
    assert len(rows) == sum(len(table) for table in tables), "two rows have one title"
    return rows


def form(*parts):
    return b"".join(parts) + END


def one(head=FIELD, content=b"v"):
    return form(part(head, content))


def named(rest, content=b"v"):
    """A part whose Content-Disposition is form-data and this."""
    return one("Content-Disposition: form-data" + rest, content)


def field(value, name="f"):
    return (name, None, value)


def file(content, filename="x.bin", name="f"):
    return (name, filename, content)


V = [field("v")]
FILE_V = [file(b"v")]


def renamed(filename):
    """A row: this file name in quotes, as it is sent, is taken as it is."""
    return named(f'; name="f"; filename="{filename}"'), [file(b"v", filename)]


LINES = {
    "one field": (one(), V),
    "one file": (one(FILE), FILE_V),
    "a field and a file": (form(part(), part(FILE, b"\xff\xd8")), [field("v"), file(b"\xff\xd8")]),
    "no CR LF at the end": (one()[:-2], V),
    "CR at the end": (one()[:-1], V),
    "several CR LF at the end": (one() + b"\r\n\r\n", V),
    "an epilogue": (one() + b"see you\nlater", V),
    "an epilogue of NUL": (one() + bytes(10), V),
    "an epilogue of 8 KiB": (one() + b"e" * 8192, V),
    "a preamble": (b"This is a message in MIME format.\r\n" + one(), V),
    "a preamble of bare LF": (b"\n\n\r\n" + one(), V),
    "a preamble of NUL": (bytes(8) + b"\r\n" + one(), V),
    "a preamble of 8 KiB": (b"p" * 8190 + b"\r\n" + one(), V),
    "CR LF first": (b"\r\n" + one(), V),
    "padding behind boundaries": (
        MARK[:-2] + b" \t\r\n" + FIELD.encode() + b"\r\n\r\nv\r\n" + END[:-2] + b"  \r\n", V),
    "no parts (Chromium, nothing in the form)": (END, []),
    "no parts, CR LF first": (b"\r\n" + END, []),
    # App Engine sends it, Go, Jetty and Werkzeug read it: the empty line that ends the headers is the boundary's CR LF
    # too (RFC 2046 section 5.1.1). To PHP and busboy what follows is the part's content.
    "headers alone": (MARK + FIELD.encode() + b"\r\n\r\n" + END, [field("")]),
    "headers alone, then a part": (MARK + FIELD.encode() + b"\r\n\r\n" + one(), [field(""), field("v")]),
    "a name twice": (form(part(), part(FIELD, "w")), [field("v"), field("w")]),
    "files of one name": (form(part(FILE, "1"), part(FILE, "2")), [file(b"1"), file(b"2")]),
    "300 fields": (form(*[part()] * 300), V * 300),
    "100 files": (form(*[part(FILE)] * 100), FILE_V * 100),
}

CONTENTS = {f"content {content!r:.40}": (one(FILE, content), [file(content)]) for content in (
    b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\r", b"a\r", b"a\n", b"a\r\n", b"\r\na", b"a\r\r\n", b"\0", b"a\0b",
    bytes(range(256)), b"\xff\xfe\0", b"--", b"--\r\n", b"-", b"--b0undar", b"a--b0undary", b"a--b0undary--", b"\r\n-",
    b"\r\n--", b"\r\n--b0undar", b"\r\r\n--b0undarY", b"\r\n-b0undary", b"\r\n--b0undar\r\n--b0undar",
    b"\r\n --b0undary", b"--B0UNDARY\r\n", b"\r\n--B0UNDARY--\r\n", b"--other\r\n\r\nx\r\n--other--",
    b"\r\n\n--\r\n--\r", b"\r" * 5000, b"\n" * 5000, b"\r\n" * 5000, b"\r\n--b0undar" * 500, b"a\r\n" * 4000,
    b"x" * 70000)}
# RFC 2046: a line ends with CR LF. PHP and Werkzeug take LF, Go and Python do not. A file may hold anything.
CONTENTS["a boundary behind LF or CR alone is content"] = (
    one(FILE, b"a\n--b0undary\r--b0undary"), [file(b"a\n--b0undary\r--b0undary")])
CONTENTS["text over several lines"] = (one(FIELD, "a\r\nb\nc\rd"), [field("a\r\nb\nc\rd")])
CONTENTS["text in UTF-8"] = (one(FIELD, "Été 夏 🌞"), [field("Été 夏 🌞")])
CONTENTS["text that is not UTF-8"] = (one(FIELD, b"\xe9t\xe9 \x80"), [field("été €")])
CONTENTS["JSON in a field"] = (one(FIELD + "\r\nContent-Type: application/json", '{"a":[1]}'), [field('{"a":[1]}')])
CONTENTS["NUL in a field"] = (one(FIELD, "\0a\0\0b"), [field("\0a\0\0b")])
CONTENTS["an empty field"] = (one(FIELD, ""), [field("")])

NAMES = {
    "no name": (named(""), [field("v", "")]),
    "no name, but ;": (named(";"), [field("v", "")]),
    "an empty name": (named('; name=""'), [field("v", "")]),
    "a file without a name": (named('; filename="x.bin"'), [file(b"v", name=None)]),
    "a file with an empty name": (named('; name=""; filename="x.bin"'), [file(b"v", name="")]),
    "no file chosen": (one(FIELD + '; filename=""\r\nContent-Type: application/octet-stream', ""), [file(b"", "")]),
    "an empty file name and content": (named('; name="f"; filename=""'), [file(b"v", "")]),
    "an empty file": (one(FILE, ""), [file(b"")]),
    "tokens (.NET, undici)": (named("; name=f; filename=x.bin"), FILE_V),
    "no space behind ;": (named(';name="f";filename="x.bin"'), FILE_V),
    "spaces behind = (undici takes them)": (named('; name=   "f"; filename=\tx.bin'), FILE_V),
    "spaces around ;": (named(' ;\tname="f" ; filename="x.bin" ;'), FILE_V),
    "the file name first": (named('; filename="x.bin"; name="f"'), FILE_V),
    "names of parameters in capitals": (one('CONTENT-DISPOSITION: Form-Data; NAME="f"; FileName="x.bin"'), FILE_V),
    "names of headers in small letters": (one('content-disposition:form-data; name="f"'), V),
    "other parameters": (named('; size=1; name="f"; modification-date="Wed, 12 Feb 1997 16:29:51 -0500"; '
                               'filename="x.bin"'), FILE_V),
    "brackets and dots": (named('; name="a[b][0].c"'), [field("v", "a[b][0].c")]),
    "brackets without quotes": (named("; name=a[]"), [field("v", "a[]")]),
    "a name that is a file name's parameter": (named('; name="filename"'), [field("v", "filename")]),
    "a name with ; and =": (named('; name="a; filename=b"'), [field("v", "a; filename=b")]),
    "a name in UTF-8": (named('; name="éà 夏"'), [field("v", "éà 夏")]),
    "a name with '": (named('; name="a\'b"'), [field("v", "a'b")]),
    # Browsers write %0D and %0A for CR and LF, and all other control characters as they are.
    "control characters in names": (named('; name="a\x01\x0b\x7f"; filename="\x1bx\x7f.b\x08in"'),
                                    [file(b"v", name="a\x01\x0b\x7f")]),
    "%0D%0A in names stays": (named('; name="a%0D%0Ab"; filename="c%0Ad"'), [file(b"v", "c%0Ad", "a%0D%0Ab")]),
    "a name with spaces": (named('; name=" a b "'), [field("v", " a b ")]),
    "single quotes in pairs": (named("; name=a'b'c; filename=x.bin"), [file(b"v", name="a'b'c")]),
    "__proto__": (named('; name="__proto__"'), [field("v", "__proto__")]),
    "_charset_": (form(part('Content-Disposition: form-data; name="_charset_"', "iso-8859-1"), part(FIELD, b"\xe9")),
                  [field("iso-8859-1", "_charset_"), field("é")]),
    # The bytes of current Firefox and Chromium: \" is not written, so a back-slash is nothing special.
    "a browser's name with all that hurts": (named('; name="a \\ \\\\ ; é %22 = ;"'),
                                             [field("v", 'a \\ \\\\ ; é " = ;')]),
    "Go's name with all that hurts": (named('; name="a \\\\ \\" ;"'), [field("v", 'a \\ " ;')]),
    "name* (urllib3 1)": (named("; name*=utf-8''%C3%A9"), [field("v", "é")]),
    "a long name": (named(f'; name="{DIGITS * 20}"'), [field("v", DIGITS * 20)]),
}

HURTS = " ? % * | \" < > . ? ; ' @ # $ ^ & ( ) - _ = + { } [ ] ` ~.txt"
FILENAMES = {
    f"file name {name}": renamed(name) for name in (
        "photo.jpg", "no extension", "two.tar.gz", ".hidden", "a;b.jpg", "a=b,c.jpg", "it's.jpg", "a&b+c@d#e!.jpg",
        "été.jpg", "写真.jpg", "🌞.jpg", "a%20b.jpg", "100%.jpg", "%41.jpg", "a%00.jpg", "=?utf-8?B?w6k=?=.jpg",
        "a [1](2){3}.jpg")
}
FILENAMES.update({
    "Internet Explorer's path": (named('; name="f"; filename="C:\\My Files\\x.bin"'), FILE_V),
    "a network path": (named('; name="f"; filename="\\\\host\\share\\x.bin"'), FILE_V),
    "the same, escaped (Go)": (named('; name="f"; filename="C:\\\\Files\\\\x.bin"'), FILE_V),
    "a Unix path": (named('; name="f"; filename="/tmp/a/x.bin"'), FILE_V),
    "a path out of the folder": (named('; name="f"; filename="../../x.bin"'), FILE_V),
    "a folder's file (webkitdirectory)": (named('; name="f"; filename="photos/x.bin"'), FILE_V),
    "%22 (browsers)": (named('; name="f"; filename="a%22b%22.jpg"'), [file(b"v", 'a"b".jpg')]),
    "an escaped quote (curl, .NET)": (named('; name="f"; filename="a\\"b\\".jpg"'), [file(b"v", 'a"b".jpg')]),
    "filename* alone": (named("; name=\"f\"; filename*=UTF-8''%E2%82%AC%20x.jpg"), [file(b"v", "€ x.jpg")]),
    "filename* wins (.NET)": (named('; name=f; filename="=?utf-8?B?w6k=?="; filename*=utf-8\'\'%C3%A9'),
                              [file(b"v", "é")]),
    "filename* wins, first": (named("; name=f; filename*=UTF-8'fr'%C3%A9; filename=e"), [file(b"v", "é")]),
    "filename* in ISO-8859-1": (named("; name=f; filename*=iso-8859-1''%E9.jpg"), [file(b"v", "é.jpg")]),
    "filename* in US-ASCII (Python)": (named("; name=f; filename*=us-ascii''a%20b"), [file(b"v", "a b")]),
    "filename with a single quote, and filename* (.NET)": (
        named("; name=f; filename=it's.jpg; filename*=utf-8''it%27s.jpg"), [file(b"v", "it's.jpg")]),
    "filename* in capitals": (named("; name=f; FILENAME*=utf-8''a"), [file(b"v", "a")]),
    "a long name in Chinese": renamed("写" * 100 + ".jpg"),
    "300 letters": (named(f'; name="f"; filename="{"f" * 300}.txt"'), [file(b"v", "f" * 251 + ".txt")]),
    "spaces and dots around": renamed("  x.bin. . "),
    "dots alone": renamed("..."),
    "no name but dots": (named('; name="f"; filename=".."'), [file(b"v", "")]),
    "a slash at the end": (named('; name="f"; filename="../usr/x.bin/"'), FILE_V),
    # An old Chromium on a Mac wrote it with a back-slash in front.
    "all that hurts": (named('; name="f"; filename=":\\' + HURTS.replace('"', "%22") + '"'), [file(b"v", HURTS)]),
    "a file name that is not UTF-8": (one(FIELD.encode() + b'; filename="\xe9t\xe9.jpg"'), [file(b"v", "été.jpg")]),
})

HEADERS = {
    "a type": (one(FILE + "\r\nContent-Type: image/jpeg"), FILE_V),
    "the type first": (one("Content-Type: image/jpeg\r\n" + FILE), FILE_V),
    "a type with parameters": (one(FILE + '\r\nContent-Type: text/plain;charset="utf-8" ; format=flowed'), FILE_V),
    "a type with a charset of its own": (one(FIELD + "\r\nContent-Type: text/plain; charset=ISO-8859-1", b"\xe9"),
                                         [field("é")]),
    "a type without value": (one(FILE + "\r\nContent-Type:"), FILE_V),
    "a type that is none": (one(FILE + "\r\nContent-Type: what"), FILE_V),
    "a file that is multipart (a web page, saved)": (one(FILE + "\r\nContent-Type: multipart/related; boundary=x"),
                                                     FILE_V),
    # Browsers send a Blob's type as it is, others what they were told. It tells neither names nor bytes.
    **{f"a part of type {type}": (one(f"{FILE}\r\nContent-Type: {type}"), FILE_V) for type in (
        "image/jpeg;base64", "image/svg+xml;utf8", "data:image/png;base64", "audio/mp4; codecs=mp4a.40.2, opus",
        "text/html; charset=utf-8; charset=utf-8", "text/plain; charset", "text/plain; charset = utf-8",
        "image/jpeg; name=my photo.jpg",
        'image/png; x="', 'text/plain"', 'text/plain; charset="utf-8" (Plain text)', "video/mp4;codecs:avc1")},
    # An example for Retrofit, which many programs for Android follow; there is nothing in it without a boundary.
    "multipart/form-data in a field": (one(FIELD + "\r\nContent-Type: multipart/form-data; charset=utf-8"), V),
    "multipart/form-data in a file": (one(FILE + "\r\nContent-Type: multipart/form-data"), FILE_V),
    "a message in a field": (one(FIELD + "\r\nContent-Type: message/rfc822"), V),
    "other headers": (one("X-1: a\r\n" + FILE + "\r\nX-Upload_Id.2: b\r\nContent-ID: <a@b>\r\nMIME-Version: 1.0"),
                      FILE_V),
    "a header without value": (one(FILE + "\r\nX-Empty:\r\nX-Blank:   "), FILE_V),
    "an unknown header twice": (one(FILE + "\r\nX-A: 1\r\nX-A: 1"), FILE_V),
    "an open quote in an unknown header": (one(FILE + '\r\nX-A: "'), FILE_V),
    # RFC 7578 section 4.8: headers but three are to be ignored. OkHttp and Dart send it, and it need not be true.
    "Content-Length": (one(FILE + "\r\nContent-Length: 1"), FILE_V),
    "Content-Length that is wrong": (one(FILE + "\r\nContent-Length: 9999999999"), FILE_V),
    "Content-Transfer-Encoding: binary (Java, Android)": (one(FILE + "\r\nContent-Transfer-Encoding: binary"), FILE_V),
    "Content-Transfer-Encoding: 8BIT": (one(FIELD + "\r\nContent-Transfer-Encoding: 8BIT"), V),
    "Content-Transfer-Encoding: 7bit": (one(FIELD + "\r\ncontent-transfer-encoding:7bit"), V),
    "Content-Transfer-Encoding without value": (one(FILE + "\r\nContent-Transfer-Encoding:"), FILE_V),
    "folded with a space": (one('Content-Disposition: form-data;\r\n name="f";\r\n   filename="x.bin"'), FILE_V),
    "folded with a tab": (one('Content-Disposition:\r\n\tform-data; \r\n\tname="f"'), V),
    "headers of 8 KiB": (one(FIELD + "\r\nX-A: " + "a" * 8100), V),
    "60 headers": (one(FIELD + "".join(f"\r\nX-{i}: {i}" for i in range(60))), V),
}


def rebound(boundary, body=None):
    """A body with another boundary."""
    return (body or one(FILE)).replace(BOUNDARY.encode(), boundary.encode())


def typed(content_type, boundary=BOUNDARY):
    return rebound(boundary), FILE_V, content_type


BOUNDARIES = {f"boundary {name:.40}": typed(f"multipart/form-data; boundary={name}", name) for name in (
    "b", "--b", "b--", "-", "----WebKitFormBoundaryq3Y5xvJmZ8aTnC2e", "---------------------------9051914041544843365",
    "----=_Part_3_1404154484.97225", "===============7330845974216740156==", "*****", "b$c", "a/b:c?d", "boundary",
    DIGITS[:70])}
BOUNDARIES.update({
    "a quoted boundary": typed('multipart/form-data; boundary="b0undary"'),
    "a quoted boundary with a space": typed('multipart/form-data; boundary="a b"', "a b"),
    "a quoted boundary of odd characters": typed("multipart/form-data; boundary=\"a'()+_,-./:=?z\"", "a'()+_,-./:=?z"),
    "the type in capitals": typed("MULTIPART/FORM-DATA; BOUNDARY=b0undary"),
    "no space before the boundary": typed("multipart/form-data;boundary=b0undary"),
    "spaces around ; in the type": typed("multipart/form-data ;  boundary=b0undary ; "),
    "single quotes are nothing special": typed("multipart/form-data; boundary='b0undary'", "'b0undary'"),
    "a charset before": typed("multipart/form-data; charset=utf-8; boundary=b0undary"),
    "a charset behind": typed('multipart/form-data; boundary=b0undary; charset="UTF-8"'),
    "an empty parameter (RFC 9110 section 5.6.6)": typed("multipart/form-data;; boundary=b0undary"),
    "a parameter without value": typed("multipart/form-data; charset=; boundary=b0undary"),
    "an unknown parameter": typed("multipart/form-data; x=y; boundary=b0undary"),
})

ACCEPTED = merged(LINES, CONTENTS, NAMES, FILENAMES, HEADERS, BOUNDARIES)


def refused_type(content_type, boundary=BOUNDARY):
    return rebound(boundary), content_type


REFUSED_LINES = {
    "nothing": (b"",),
    "CR LF": (b"\r\n",),
    "no boundary": (b"just text",),
    "another boundary": (rebound("other"),),
    "a boundary in capitals": (rebound("B0UNDARY"),),
    "a boundary alone": (b"--b0undary",),
    "a boundary line alone": (MARK,),
    "one dash behind": (b"--b0undary-\r\n",),
    "three dashes behind": (b"--b0undary---",),
    "four dashes behind": (b"--b0undary----",),
    "cut in the header": (MARK + b"Content-Disp",),
    "cut behind the header": (MARK + FIELD.encode() + b"\r\n",),
    "cut in the content": (part()[:-3],),
    "cut before the last boundary": (part(),),
    "cut in the last boundary": (one()[:-9],),
    "cut before the last dashes": (one()[:-4],),
    "cut between the last dashes": (one()[:-3],),
    # Formidable's workaround for clients of 2011 takes it; whether more was to come cannot be told.
    "no dashes at the end": (part() + MARK,),
    "no CR LF before the last boundary": (MARK + FIELD.encode() + b"\r\n\r\nv" + END,),
    "a dash too few": (one().replace(b"--b0undary--", b"-b0undary--"),),
    "LF for every CR LF": (one(FILE).replace(b"\r\n", b"\n"),),
    "CR for every CR LF": (one(FILE).replace(b"\r\n", b"\r"),),
    "LF before the last boundary": (one().replace(b"v\r\n", b"v\n"),),
    "CR before the last boundary": (one().replace(b"v\r\n", b"v\r"),),
    "LF behind a boundary (Internet Explorer 5 for Mac)": (one().replace(MARK, b"--b0undary\n"),),
    "LF behind the last boundary": (one()[:-2] + b"\n",),
    "CR behind a boundary": (one().replace(MARK, b"--b0undary\r"),),
    "LF between headers": (one(FILE + "\nX-A: 1"),),
    "LF for the empty line": (one().replace(b"\r\n\r\n", b"\r\n\n"),),
    "CR between headers": (one(FILE + "\rX-A: 1"),),
    "text behind a boundary": (one().replace(MARK, b"--b0undary x\r\n"),),
    "text behind the last boundary": (one()[:-2] + b"x",),
    # RFC 2046 lets no line begin with the boundary. Go takes it for content, others for a boundary.
    "a longer boundary in the content": (one(FIELD, b"a\r\n--b0undaryX\r\nb"),),
    "a longer boundary first in the content": (one(FIELD, b"--b0undaryX"),),
    "a longer boundary in front": (b"--b0undaryX\r\n" + one(),),
    "dashes behind padding": (MARK + FIELD.encode() + b"\r\n\r\nv\r\n--b0undary --\r\n",),
    "a space before the boundary": (b" " + one(),),
    "a space before the dashes": (one().replace(MARK, b"-- b0undary\r\n"),),
    # Some search the boundary anywhere, some behind LF: they would find the part that RFC 2046 has us skip.
    "text before the boundary, on its line": (b"A" + form(part(FILE), part()),),
    "a preamble that ends with LF": (b"preamble\n" + form(part(FILE), part()),),
    "LF first": (b"\n" + form(part(), part()),),
    "LF before an empty form": (b"\n" + END + b"\r\n" + END,),
    # PHP reads on behind the last boundary.
    "a part behind the end": (one() + part(FILE),),
    "a whole form behind the end": (one() + one(FILE),),
    "a part behind the end, behind LF": (one() + b"\n" + part(FILE),),
    "text and no part": (b"text\r\n" + END,),
    "a preamble too long": (b"p" * 8193 + b"\r\n" + one(),),
    "an epilogue too long": (one() + b"e" * 8193,),
    "padding too long": (one().replace(MARK, b"--b0undary" + b" " * 8193 + b"\r\n"),),
    "no headers": (MARK + b"\r\nv\r\n" + END,),
    "no headers and no content": (MARK + END,),
    "headers too long": (one(FIELD + "\r\nX-A: " + "a" * 8192),),
    "a header line without end": (MARK + b"X-A: " + b"a" * 20000,),
    "only colons": (MARK + b":\r\n" * 10 + b"\r\nv\r\n" + END,),
    # PHP and Go read on to the next empty line, others see two parts.
    "no empty line behind the headers": (MARK + FIELD.encode() + b"\r\n" + one(),),
    "no empty line behind the last headers": (MARK + FIELD.encode() + b"\r\n" + END,),
    "a boundary for a header": (MARK + one(),),
    "a boundary line that looks like a header": (
        one().replace(FIELD.encode(), FIELD.encode() + b"\r\n--b0:undary\r\nX-A: 1").replace(b"b0undary", b"b0:undary"),
        'multipart/form-data; boundary="b0:undary"'),
    "a second part that is wrong": (form(part(FILE), MARK + b"what\r\n\r\nv\r\n"),),
}

REFUSED_HEADERS = {
    "no Content-Disposition": (one("Content-Type: text/plain"),),
    "an empty Content-Disposition": (one("Content-Disposition:"),),
    "attachment": (one('Content-Disposition: attachment; name="f"; filename="x.bin"'),),
    "file": (one('Content-Disposition: file; filename="x.bin"'),),
    "no form-data": (one('Content-Disposition: name="f"'),),
    "no ; behind form-data": (one('Content-Disposition: form-data name="f"'),),
    "a comma for ;": (one('Content-Disposition: form-data, name="f"'),),
    "no ; between parameters": (named('; name="f" filename="x.bin"'),),
    "a comma between parameters": (named('; name="f", filename="x.bin"'),),
    "two dispositions": (one(FIELD + "\r\n" + FILE),),
    "two equal dispositions": (one(FIELD + "\r\n" + FIELD),),
    "two types": (one(FILE + "\r\nContent-Type: a/b\r\nContent-Type: a/b"),),
    "two names": (named('; name="f"; name="g"'),),
    "two equal names": (named('; name="f"; Name="f"'),),
    "two file names": (named('; name="f"; filename="a"; filename="b"'),),
    "two filename*": (named("; name=\"f\"; filename*=utf-8''a; filename*=utf-8''b"),),
    "name and name*": (named("; name=\"f\"; name*=utf-8''g"),),
    "a parameter in single quotes": (named("; x='; name=a'; name=f"),),
    # PHP takes "'" for a quote wherever it stands without other quotes.
    "a single quote before a file name": (named("; name=a'b; filename=x'y"),),
    "a single quote in another parameter": (named('; x=a\'; name="f"; filename="x.bin"'),),
    # PHP takes the second back-slash for an escape of the quote, and reads on.
    "an escaped back-slash before the quote": (named('; name="a\\\\"; filename="x.bin"'),),
    "a back-slash before the quote where %22 is": (named('; name="%22a\\"; filename="x.bin"'),),
    # PHP finds no file, Go no name either.
    "quotes behind a single quote": (named("; name=\"f\"; x=a'b; y=\"'; filename=z; w=\""),),
    "an escape among single quotes": (named("; name=\"f\"; x=a'\\'; filename=\"y.php\""),),
    "a single quote in a parameter's name": (named("; name=f; x'=1; filename=\"y\""),),
    "an empty name without quotes": (named('; name=; filename="x.bin"'),),
    "an empty file name without quotes": (named('; name="f"; filename='),),
    # Go finds neither name nor file name, older Werkzeug a field.
    "an empty parameter": (named('; name="f";; filename="x.bin"'),),
    "an empty parameter with a space": (named('; name="f"; ; filename="x.bin"'),),
    # Go reads one space, PHP and busboy all that is there.
    "a name folded inside its quotes": (named('; name="f"; filename="a\r\n   b"'),),
    "a file name in pieces": (named('; name="f"; filename*0="a"; filename*1="b"'),),
    "filename* without charset": (named('; name="f"; filename*=x.bin'),),
    "filename* that is cut": (named("; name=\"f\"; filename*=utf-8''a%C"),),
    "filename* that is not UTF-8": (named("; name=\"f\"; filename*=utf-8''%FF"),),
    "filename* with NUL": (named("; name=\"f\"; filename*=utf-8''a%00b"),),
    "filename* with CR LF": (named("; name=\"f\"; filename*=utf-8''a%0D%0Ab"),),
    "filename* in an unknown charset": (named("; name=\"f\"; filename*=utf-7''a"),),
    "an open quote": (named('; name="f'),),
    "an open quote of a file name": (named('; name="f"; filename="x.bin'),),
    "a quote closed by an escape": (named('; name="f"; filename="C:\\"'),),
    # Rack reads a"b.jpg, PHP a, Go refuses.
    "quotes in quotes": (named('; name="f"; filename="a"b.jpg"'),),
    # PHP reads one long name, Go and Node none.
    "a comma and no quotes": (named("; name=f,filename=x.bin"),),
    "a comma in a file name and no quotes": (named("; name=f; filename=a,b"),),
    "a name quoted twice": (named('; name=""f""'),),
    "text behind a quote": (named('; name="f"g'),),
    "a quote in a token": (named('; name=f"g'),),
    # PHP takes them for quotes, others for a part of the name.
    "single quotes": (named("; name='f'"),),
    "an open single quote": (named("; name='f"),),
    "a single quote that hides a file name": (named("; name='f; filename=x.bin'"),),
    "a space in a token": (named("; name=f; filename=my photo.jpg"),),
    "a space before = (PHP and Node see no name)": (named('; name ="f"'),),
    "a parameter without =": (named("; name"),),
    "a parameter without name": (named('; ="f"'),),
    "a header without a colon": (one(FIELD + "\r\nContent-Type"),),
    "a header without a name": (one(FIELD + "\r\n: x"),),
    "a space in a header's name": (one(FIELD + "\r\nBad header: x"),),
    "a space before the colon": (one('Content-Disposition : form-data; name="f"'),),
    "a header's name that is not ASCII": (one("Contént: x\r\n" + FIELD),),
    "a folded line before any header": (one(" x\r\n" + FIELD),),
    "NUL in a header": (one(FIELD + "; filename=\"a\0.jpg\""),),
    "NUL in an unknown header": (one(FIELD + "\r\nX-A: \0"),),
    "CR in a name": (named('; name="a\rb"'),),
    "LF in a name": (named('; name="a\nb"'),),
    "NUL in a name": (named('; name="a\0b"'),),
    "a control character without quotes": (named("; name=f; filename=a\x1b"),),
    "a control character for a space": (named(';\x0bname="f"'),),
    "a control character in an unknown header": (one(FIELD + "\r\nX-A: \x1b[2J"),),
    # A line of white space goes on with the header to those who follow RFC 5322; who strips it sees the end of headers.
    "a folded line of white space": (one(FIELD + "\r\n \r\nX-A: 1"),),
    "a folded line of white space, then the end": (one(FIELD + "\r\n\t"),),
    "two charsets": (one(FIELD + "\r\nContent-Type: text/plain; charset=utf-8; charset=latin1"),),
    # Formidable and python-multipart decode both, Node the first, Go the second; browsers send neither (RFC 7578 4.7).
    "base64": (one(FILE + "\r\nContent-Transfer-Encoding: base64", b"dg=="),),
    "quoted-printable": (one(FIELD + "\r\nContent-Transfer-Encoding: Quoted-Printable", b"=76"),),
    "an unknown encoding": (one(FILE + "\r\nContent-Transfer-Encoding: x-uuencode"),),
    "two encodings": (one(FILE + "\r\nContent-Transfer-Encoding: binary\r\nContent-Transfer-Encoding: binary"),),
    # Java, Perl and apreq find files in it, PHP, Go, Node and Rack a text (RFC 7578 section 4.3: a part for each file).
    "multipart/mixed in a field": (one(
        FIELD + "\r\nContent-Type: multipart/mixed; boundary=in",
        b'--in\r\nContent-Disposition: file; filename="x.bin"\r\n\r\nv\r\n--in--'),),
}

REFUSED_TYPES = {
    "no boundary in the type": refused_type("multipart/form-data"),
    "no boundary in the type, but ;": refused_type("multipart/form-data;"),
    "an empty boundary": refused_type("multipart/form-data; boundary="),
    "an empty boundary in quotes": refused_type('multipart/form-data; boundary=""'),
    "a boundary of 71 bytes": refused_type("multipart/form-data; boundary=" + DIGITS[:71], DIGITS[:71]),
    "a boundary that ends with a space": refused_type('multipart/form-data; boundary="b "', "b "),
    "a boundary with ;": refused_type('multipart/form-data; boundary="a;b"', "a;b"),
    "a boundary with a quote": refused_type('multipart/form-data; boundary="a\\"b"', 'a"b'),
    "a boundary with <>": refused_type("multipart/form-data; boundary=<b>", "<b>"),
    "a boundary that is not ASCII": refused_type("multipart/form-data; boundary=é", "é"),
    "a space in a boundary without quotes": refused_type("multipart/form-data; boundary=a b", "a b"),
    "an open quote at the start": refused_type('multipart/form-data; boundary="b0undary'),
    "a quote at the end": refused_type('multipart/form-data; boundary=b0undary"'),
    "two quoted words": refused_type('multipart/form-data; boundary="b0""undary"'),
    "text behind the quote": refused_type('multipart/form-data; boundary="b0undary"x'),
    "two boundaries": refused_type("multipart/form-data; boundary=b0undary; boundary=other"),
    "two equal boundaries": refused_type("multipart/form-data; boundary=b0undary; Boundary=b0undary"),
    "two boundaries with a comma": refused_type("multipart/form-data; boundary=b0undary, boundary=other"),
    "boundary*": refused_type("multipart/form-data; boundary=b0undary; boundary*=utf-8''other"),
    "boundary*0": refused_type("multipart/form-data; boundary*0=b0; boundary*1=undary"),
    # PHP looks for the word wherever it stands, takes a space for a part of the boundary, and a comma for its end.
    "xboundary": refused_type("multipart/form-data; xboundary=other; boundary=b0undary"),
    "a boundary in another parameter": refused_type('multipart/form-data; x="boundary=other"; boundary=b0undary'),
    "a space before = in the type": refused_type("multipart/form-data; boundary =b0undary"),
    "a space behind =": refused_type("multipart/form-data; boundary= b0undary"),
    "a space behind =, quoted": refused_type('multipart/form-data; boundary= "b0undary"'),
    "a comma in a boundary without quotes": refused_type("multipart/form-data; boundary=a,b", "a,b"),
    "a comma for ; in the type": refused_type("multipart/form-data, boundary=b0undary"),
    "a space for ;": refused_type("multipart/form-data boundary=b0undary"),
    "multipart/mixed": refused_type("multipart/mixed; boundary=b0undary"),
    "multipart/form-data2": refused_type("multipart/form-data2; boundary=b0undary"),
    "another type": refused_type("text/plain; boundary=b0undary"),
    "an empty type": refused_type(""),
}

REFUSED = merged(REFUSED_LINES, REFUSED_HEADERS, REFUSED_TYPES)
