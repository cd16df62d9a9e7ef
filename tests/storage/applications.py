#!/usr/bin/python3
"""Five applications as they are configured today, each with the names it has in its file of secrets: what is uploaded
lies where its pages look for it, by the module and by upload.cgi; a value that is missing stops the start with what to
write, one that is wrong is named where the upload fails."""
import os
import signal
import ssl
import struct
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import servers   # noqa: E402
from relay import Relay   # noqa: E402
from remote_site import DOORS, make_site, remote_site, run   # noqa: E402
from tap.tap import contains, is_equal, main, ok   # noqa: E402
from uploads import JPEG, answer_json, code, data, file, png, post   # noqa: E402

MEGABYTE = 1 << 20
PHOTO, POSTER = JPEG, png(width=40, padding=50000)


def movie(size):
    """A video with a box that nobody shows."""
    whole = data("start.mp4")
    return whole + struct.pack(">I4s", size - len(whole), b"free") + bytes(size - len(whole) - 8)


def upload(httpd, door, collection, content, name="a.jpg", **headers):
    """The one file of an upload that is answered with 201."""
    answer = post(httpd, [file("image", name, content)], path=door + collection, headers=headers)
    if not is_equal(answer.status, 201, f"{door}{collection} takes {name} of {len(content)} bytes"):
        raise AssertionError(answer)
    return answer_json(answer)["files"][0]


def check_both_doors(httpd, collection, base, read, contents=(PHOTO, POSTER)):
    """Uploads by both; `read` gives an object's bytes and type (None where the storage has none) by its key."""
    for door in DOORS:
        for content in contents:
            stored = upload(httpd, door, collection, content)
            is_equal((stored["state"], stored["url"]), ("stored", f"{base}/{stored['key']}"), "its URL")
            found, mime = read(stored["key"])
            ok(found == content and mime in (None, stored["type"]), f"it is there as {stored['type']}",
               len(found), mime)


def line_of(conf, text):
    return conf[:conf.index(text)].count("\n") + 1


def check_missing(conf, env, names, collection):
    """Without one of the values nothing starts; the message has the line of the storage, and the name."""
    for name in names:
        httpd = make_site(conf, {**env, name: None}, collection)
        try:
            where = f"{httpd.path('mediaupload.conf')} line {line_of(conf, 'MediaUploadStorage')}: "
            is_fine, text = httpd.check_syntax()
            ok(not is_fine and where in text and name in text, f"httpd does not start without {name}", text)
            status, text = run(httpd, "health.cgi", "check")
            ok(status == 2 and where in text and name in text, "nor does health.cgi", status, text)
        finally:
            httpd.close()


def check_wrong(conf, env, collection, name, default=None):
    """A wrong value fails the upload; the log names the variable and not its value."""
    with remote_site(conf, {**env, name: "guessed-by-somebody"}, collection) as httpd:
        httpd.expect("storage_failed", f"check {name}", "upload.cgi")
        for door in DOORS:
            answer = post(httpd, [file("image", "a.jpg", PHOTO)], path=door + collection)
            is_equal((answer.status, code(answer), answer_json(answer).get("url")), (502, "storage_failed", default),
                     f"{door}: a wrong {name}")
            ok("guessed" not in answer.text, "is not told to clients")
        contains(httpd.error_log(), name, "the log names what to check")
        status, text = run(httpd, "health.cgi", "check")
        ok(status == 3 and name in text, "health.cgi does, too", status, text)
        ok("guessed" not in httpd.error_log() + text, "without the value")


# --- A: photos of articles, by FTP

ARTICLES = """
MediaUploadEnvFile .env
<MediaUpload articles>
    MediaUploadStorage "ftp:///public_html/static/article_images?ca=%s"
    MediaUploadURL https://www.example.org/static/article_images
    MediaUploadKey {uuid}.{ext}
    MediaUploadDefault default_article.jpg
</MediaUpload>
"""


def test_articles():
    with servers.started("ftp") as started:
        values, ftp = started.environment, started.servers["ftp"]
        conf = ARTICLES % values["TEST_FTP_CA"]
        env = {"FTP_HOST": values["TEST_FTP"], "FTP_USER": "tester", "FTP_PASSWORD": "sekret"}
        folder = os.path.join(values["TEST_FTP_HOME"], "public_html", "static", "article_images")
        base = "https://www.example.org/static/article_images"

        def read(key):
            with open(os.path.join(folder, key), "rb") as stored:
                return stored.read(), None

        with remote_site(conf, env, "articles") as httpd:
            check_both_doors(httpd, "articles", base, read)
            is_equal({os.stat(os.path.join(folder, name)).st_mode & 0o777 for name in os.listdir(folder)}, {0o644},
                     "everybody may read the photos")
            is_equal({os.stat(path).st_mode & 0o777 for path in (folder, os.path.dirname(folder))}, {0o755},
                     "folders that were missing are made")
            httpd.expect("storage_unavailable", "upload.cgi")
            ftp.freeze()   # no session more
            for session in ftp.sessions():
                os.kill(session, signal.SIGKILL)
            ftp.stop(signal.SIGKILL)
            for door in DOORS:
                answer = post(httpd, [file("image", "a.jpg", PHOTO)], path=door + "articles")
                is_equal((answer.status, answer_json(answer)["url"]), (502, base + "/default_article.jpg"),
                         f"{door}: without the server the article has the default image")
            ftp.start()
        check_missing(conf, env, env, "articles")
        check_wrong(conf, env, "articles", "FTP_PASSWORD", base + "/default_article.jpg")


def test_file_of_secrets():
    """What is wrong with the file itself."""
    env = {"FTP_HOST": "127.0.0.1:1", "FTP_USER": "tester", "FTP_PASSWORD": "sekret"}
    for what, spoil, said in (("is not there", os.unlink, "cannot read"),
                              ("can be read by others", lambda path: os.chmod(path, 0o644), "chmod 600")):
        httpd = make_site(ARTICLES % "/dev/null", env, "articles")
        spoil(httpd.path(".env"))
        is_fine, text = httpd.check_syntax()
        ok(not is_fine and said in text and "line 2 of" in text, f"httpd does not start when .env {what}", text)
        status, text = run(httpd, "health.cgi", "check")
        ok(status == 2 and said in text and "mediaupload.conf line 2:" in text, "nor does health.cgi", status, text)
        httpd.close()


# --- B: exercises at Cloudinary, or on disk while that is switched off

EXERCISES = """
MediaUploadEnvFile .env
<MediaUpload exercises>
    MediaUploadStorage "cloudinary:///exercises?upload_prefix=%s&ca=%s&otherwise=local:public_html/static/uploads"
    MediaUploadURL https://www.example.org/static/uploads
</MediaUpload>
"""


def test_exercises():
    with servers.started("cloudinary") as started:
        values = started.environment
        conf = EXERCISES % (values["TEST_CLOUDINARY_API"], values["TEST_CLOUDINARY_CA"])
        env = {"CLOUDINARY_CLOUD_NAME": values["TEST_CLOUDINARY_CLOUD"],
               "CLOUDINARY_API_KEY": values["TEST_CLOUDINARY_KEY"],
               "CLOUDINARY_API_SECRET": values["TEST_CLOUDINARY_SECRET"], "CLOUDINARY_ENABLED": "True"}
        trusted = ssl.create_default_context(cafile=values["TEST_CLOUDINARY_CA"])

        def read(key):
            url = f"{values['TEST_CLOUDINARY_API']}/{env['CLOUDINARY_CLOUD_NAME']}/image/upload/exercises/{key}"
            with urllib.request.urlopen(url, context=trusted) as answer:
                return answer.read(), None

        with remote_site(conf, env, "exercises") as httpd:
            check_both_doors(httpd, "exercises", f"https://res.cloudinary.com/{env['CLOUDINARY_CLOUD_NAME']}/image/"
                             "upload/v1/exercises", read)
            ok(not os.path.exists(httpd.path("public_html/static/uploads")), "nothing is on disk")
        with remote_site(conf, {"CLOUDINARY_ENABLED": "False"}, "exercises") as httpd:
            def read_file(key):
                with open(httpd.path("public_html/static/uploads", key), "rb") as stored:
                    return stored.read(), None

            check_both_doors(httpd, "exercises", "https://www.example.org/static/uploads", read_file)
        check_missing(conf, env, [name for name in env if name != "CLOUDINARY_ENABLED"], "exercises")
        check_wrong(conf, env, "exercises", "CLOUDINARY_API_SECRET")
        check_wrong(conf, env, "exercises", "CLOUDINARY_API_KEY")


# --- C: films and photos in Cloudflare R2

FILMS = """
MediaUploadEnvFile .env
<MediaUpload videos>
    MediaUploadStorage s3://
    MediaUploadKey videos/{uuid}.{ext}
    MediaUploadAccept video/mp4 video/webm
    MediaUploadMaxSize 1G
</MediaUpload>
<MediaUpload photos>
    MediaUploadStorage s3://
    MediaUploadKey photos/{uuid}.{ext}
</MediaUpload>
"""


def reader(started):
    s3, bucket = started.servers["s3"].client(), started.environment["TEST_S3_BUCKET"]

    def read(key):
        found = s3.get_object(Bucket=bucket, Key=key)
        return found["Body"].read(), found["ContentType"]

    return read


def check_heads(relay, region):
    """What S3 was sent."""
    is_equal([head for head in relay.heads if f"/{region}/s3/aws4_request" not in head], [],
             f"all requests are signed for the region {region}")
    is_equal([head for head in relay.heads if "x-amz-acl" in head.lower() or "trailer" in head.lower()], [],
             "none asks for an ACL, none has a trailer")


def test_films():
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        values = started.environment
        env = {"R2_ACCESS_KEY_ID": values["TEST_S3_ACCESS_KEY"], "R2_SECRET_ACCESS_KEY": values["TEST_S3_SECRET_KEY"],
               "R2_BUCKET_NAME": values["TEST_S3_BUCKET"], "R2_ENDPOINT_URL": relay.url,
               "R2_CDN_DOMAIN": "films.example.org"}
        with remote_site(FILMS, env, "videos", "photos") as httpd:
            check_both_doors(httpd, "photos", "https://films.example.org", reader(started))
            relay.heads.clear()
            check_both_doors(httpd, "videos", "https://films.example.org", reader(started), [movie(23 * MEGABYTE)])
            sizes = [int(head.lower().split("content-length: ")[1].split()[0]) for head in relay.heads
                     if "partNumber=" in head]
            is_equal(sizes, 2 * [5 * MEGABYTE, 5 * MEGABYTE, 5 * MEGABYTE, 5 * MEGABYTE, 3 * MEGABYTE],
                     "a film goes in parts, which R2 wants equal")
            check_heads(relay, "auto")
        with remote_site(FILMS, {**env, "R2_CDN_DOMAIN": None}, "photos") as httpd:
            stored = upload(httpd, DOORS[0], "photos", PHOTO)
            is_equal(stored["url"], f"{relay.url}/{values['TEST_S3_BUCKET']}/{stored['key']}",
                     "without a CDN: the bucket's")
        check_missing(FILMS, env, [name for name in env if name != "R2_CDN_DOMAIN"], "photos")
        check_wrong(FILMS, env, "photos", "R2_SECRET_ACCESS_KEY")
        check_wrong(FILMS, env, "photos", "R2_ACCESS_KEY_ID")


# --- D: portraits of a game, on disk

PORTRAITS = """
<MediaUpload portraits>
    MediaUploadStorage local:static/portraits
    MediaUploadURL https://game.example.org/static/portraits
    MediaUploadKey %s
    MediaUploadReplace on
    MediaUploadDefault https://game.example.org/static/nobody.png
</MediaUpload>
"""


def test_portraits():
    with remote_site(PORTRAITS % "characters/{uuid}.{ext}", {}, "portraits") as httpd:
        def read(key):
            with open(httpd.path("static/portraits", key), "rb") as stored:
                return stored.read(), None

        httpd.make("static")
        check_both_doors(httpd, "portraits", "https://game.example.org/static/portraits", read)
    with remote_site(PORTRAITS % "characters/character_{id}.{ext}", {}, "portraits") as httpd:
        httpd.make("static")
        for door in DOORS:
            answer = post(httpd, [file("image", "a.png", POSTER), file("id", "id", b"7")], path=door + "portraits")
            is_equal((answer.status, answer_json(answer)["url"]), (422, "https://game.example.org/static/nobody.png"),
                     f"{door}: the client's word is no id")
        ok(not os.path.exists(httpd.path("static/portraits/characters")), "nothing is stored")   # see module/fetch.py


# --- E: a shop with several sites, in S3 or on disk

SHOP = """
MediaUploadEnvFile .env
MediaUploadSite shop.example.org 7
MediaUploadSite www.jewels.example 12
<MediaUpload products>
    MediaUploadStorage %(storage)s
    MediaUploadURL ${MEDIA_URL}
    MediaUploadKey sites/{site}/products/{uuid}.{ext}
</MediaUpload>
<MediaUpload logos>
    MediaUploadStorage %(storage)s
    MediaUploadURL ${MEDIA_URL}
    MediaUploadKey sites/{site}/config/{uuid}.{ext}
</MediaUpload>
"""
HOSTS = {"shop.example.org": "7", "SHOP.example.org:8080": "7", "www.jewels.example": "12", "jewels.example": "default",
         "evil.example": "default"}
KINDS = {"products": "products", "logos": "config"}


def check_sites(httpd, base, read):
    for door in DOORS:
        for host, site in HOSTS.items():
            for collection, folder in KINDS.items():
                stored = upload(httpd, door, collection, PHOTO, Host=host)
                found, _ = read(stored["key"])
                ok(stored["key"].startswith(f"sites/{site}/{folder}/") and stored["url"] == f"{base}/{stored['key']}"
                   and found == PHOTO, f"{host}: sites/{site}/{folder}/", stored)


def test_shop():
    with servers.started("s3") as started, Relay(started.servers["s3"].port) as relay:
        values = started.environment
        env = {"AWS_ACCESS_KEY_ID": values["TEST_S3_ACCESS_KEY"],
               "AWS_SECRET_ACCESS_KEY": values["TEST_S3_SECRET_KEY"],
               "AWS_STORAGE_BUCKET_NAME": values["TEST_S3_BUCKET"], "AWS_S3_REGION_NAME": "eu-west-3",
               "AWS_S3_ENDPOINT_URL": relay.url, "MEDIA_URL": "https://cdn.example.org/media"}
        read = reader(started)
        with remote_site(SHOP % {"storage": "s3:///media"}, env, *KINDS) as httpd:
            check_sites(httpd, "https://cdn.example.org/media", lambda key: read("media/" + key))
            check_heads(relay, "eu-west-3")
        conf = SHOP % {"storage": "s3:///media"}
        with remote_site(conf.replace("    MediaUploadURL ${MEDIA_URL}\n", ""),
                         {**env, "AWS_S3_CUSTOM_DOMAIN": "shop-media.example.org"}, *KINDS) as httpd:
            stored = upload(httpd, DOORS[0], "products", PHOTO)
            is_equal(stored["url"], f"https://shop-media.example.org/media/{stored['key']}", "AWS_S3_CUSTOM_DOMAIN")
        with remote_site(SHOP % {"storage": "local:media"}, {"MEDIA_URL": "http://127.0.0.1:8000/media"},
                         *KINDS) as httpd:
            def read_file(key):
                with open(httpd.path("media", key), "rb") as stored:
                    return stored.read(), None

            httpd.make("media")
            check_sites(httpd, "http://127.0.0.1:8000/media", read_file)
        check_missing(conf, env, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_STORAGE_BUCKET_NAME"], "products")
        check_wrong(conf, env, "products", "AWS_SECRET_ACCESS_KEY")
        check_wrong(conf, env, "products", "AWS_ACCESS_KEY_ID")


if __name__ == "__main__":
    main()
