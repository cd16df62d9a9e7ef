#!/usr/bin/python3
"""MediaUploadFallback: a missing picture answers with the default image, in exactly the documented cases."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import ARTICLES, JPEG, data, server   # noqa: E402

DEFAULT = data("../../htdocs/default_article.jpg")
SVG = data("../../htdocs/default_article.svg")
MEDIA = "/static/article_images"


def on(*directives, path="@ROOT@/public_html"):
    return f"<Directory {path}>\nMediaUploadFallback on\n" + "\n".join(directives) + "\n</Directory>\n"


def test_missing_pictures():
    files = {"public_html/static/article_images/there.jpg": JPEG, "public_html/other/there.jpg": JPEG}
    with server(ARTICLES + on(), files=files) as httpd:
        for path in ("/missing.jpg", "/missing.JPG", "/sub/folder/missing.png", "/missing.webp?v=2", "/a%20b.gif"):
            answer = httpd.get(MEDIA + path)
            is_equal((answer.status, answer.body == DEFAULT), (404, True), f"{path}: the default image, 404")
            is_equal((answer.header("Content-Type"), answer.header("Cache-Control"), answer.header("X-Media-Fallback")),
                     ("image/jpeg", "max-age=60", "1"), f"{path}: its headers")
        answer = httpd.request("HEAD", MEDIA + "/missing.jpg")
        is_equal((answer.status, answer.body, answer.header("Content-Length")), (404, b"", str(len(DEFAULT))), "HEAD")
        answer = httpd.get(MEDIA + "/there.jpg")
        is_equal((answer.status, answer.body, answer.header("X-Media-Fallback")), (200, JPEG, None),
                 "a picture that is there")
        for path in (MEDIA + "/missing.html", MEDIA + "/missing", "/other/missing.jpg", "/missing.jpg"):
            answer = httpd.get(path)
            is_equal((answer.status, answer.header("X-Media-Fallback")), (404, None), f"{path}: an ordinary 404")
        is_equal(httpd.request("POST", MEDIA + "/missing.jpg").header("X-Media-Fallback"), None, "POST: not ours")


def test_status_and_image():
    files = {"public_html/static/article_images/default_article.svg": SVG}
    conf = ARTICLES + on("MediaUploadFallbackStatus 200", "MediaUploadDefault default_article.svg")
    with server(conf, files=files) as httpd:
        answer = httpd.get(MEDIA + "/missing.jpg")
        is_equal((answer.status, answer.body, answer.header("Content-Type")), (200, SVG, "image/svg+xml"),
                 "200 by setting; the place's own default image")
        is_equal((answer.header("Cache-Control"), answer.header("X-Media-Fallback")), ("max-age=60", "1"),
                 "marked all the same")
    with server(ARTICLES + on("MediaUploadDefault https://cdn.example/none.jpg")) as httpd:
        answer = httpd.get(MEDIA + "/missing.jpg")
        is_equal((answer.status, answer.header("Location"), answer.header("X-Media-Fallback")),
                 (302, "https://cdn.example/none.jpg", "1"), "a default image elsewhere")


def test_switched_off_or_not_there():
    with server(ARTICLES) as httpd:
        is_equal(httpd.get(MEDIA + "/missing.jpg").header("X-Media-Fallback"), None, "off by default")
    with server(ARTICLES + on(), default_image=False) as httpd:
        answer = httpd.get(MEDIA + "/missing.jpg")
        is_equal((answer.status, answer.header("X-Media-Fallback")), (404, None), "a default image that is missing too")
    with server(ARTICLES + on(), default_image=False, files={"secret.jpg": b"secret"}) as httpd:
        httpd.make("public_html/static/article_images")
        os.symlink(httpd.path("secret.jpg"), httpd.path("public_html/static/article_images/default_article.jpg"))
        ok(b"secret" not in httpd.get(MEDIA + "/missing.jpg").body,
           "a default image that is a symbolic link is not followed")


def test_htaccess():
    files = {"public_html/static/.htaccess": "MediaUploadFallback on\nMediaUploadFallbackStatus 200\n"}
    with server(ARTICLES, files=files) as httpd:
        is_equal(httpd.get(MEDIA + "/missing.jpg").status, 200, "switched on by .htaccess")


if __name__ == "__main__":
    main()
