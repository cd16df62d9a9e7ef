#!/usr/bin/python3
"""A site whose pictures go to Cloudinary, configured with the names that applications use: the address in the answer,
the switch CLOUDINARY_ENABLED, and that no secret shows."""
import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "parts")]
import servers   # noqa: E402
from cloudinary_client import Client   # noqa: E402
from tap.tap import is_equal, main, ok   # noqa: E402
from uploads import JPEG, answer_json, code, file, place, png, post, server, sha256   # noqa: E402

CONF = """
MediaUploadEnvFile .env
<MediaUpload articles>
    MediaUploadStorage "cloudinary:///articles?upload_prefix=%(api)s&ca=%(ca)s&%(options)s"
    %(more)s
</MediaUpload>
"""


@contextlib.contextmanager
def site(account, env="", options="transformation=f_auto,q_auto", more="", secret=None):
    """An httpd whose .env has the account's names."""
    conf = CONF % {"api": account.api, "ca": account.ca, "options": options, "more": more} + place("articles")
    lines = (f"CLOUDINARY_CLOUD_NAME={account.cloud}\nCLOUDINARY_API_KEY={account.key}\n"
             f"CLOUDINARY_API_SECRET='{secret or account.secret}'\n{env}")
    httpd = server(conf=conf, default_image=False)
    httpd.make_folder()
    try:
        httpd.write(".env", lines, mode=0o600)
        httpd.start()
        yield httpd
    finally:
        is_equal(httpd.close(), [], "nothing unexpected is in the log")


def no_secret_shows(httpd, account, *answers):
    text = httpd.error_log() + "".join(answer.text for answer in answers)
    ok(account.secret not in text and account.key not in text, "neither the key nor the secret is in log or answer")


def test_upload():
    with servers.started("cloudinary") as started:
        account = Client(started.environment)
        with site(account, "CLOUDINARY_ENABLED=True\n", more="MediaUploadURL https://www.example.org/local",
                  options="transformation=f_auto,q_auto&otherwise=local:public_html/local") as httpd:
            content = png(width=40, padding=50000)
            answer = post(httpd, [file("image", "a.jpg", JPEG), file("image", "b.png", content)])
            is_equal(answer.status, 201, "two pictures are stored")
            stored = answer_json(answer).get("files", [])
            base = f"https://res.cloudinary.com/{account.cloud}/image/upload/f_auto,q_auto/v1/articles/"
            is_equal([entry["url"] for entry in stored], [base + entry["key"] for entry in stored],
                     "their addresses are Cloudinary's")
            found = {entry["public_id"]: entry for entry in account.resources()}
            for entry, bytes_ in zip(stored, (JPEG, content)):
                resource = found.get("articles/" + entry["key"].rsplit(".", 1)[0], {})
                is_equal(sha256(account.fetch(resource["secure_url"])), sha256(bytes_), "the bytes are there")
            no_secret_shows(httpd, account, answer)


def test_switched_off():
    with servers.started("cloudinary") as started:
        account = Client(started.environment)
        with site(account, "CLOUDINARY_ENABLED=False\n", options="otherwise=local:public_html/static/uploads",
                  more="MediaUploadURL http://127.0.0.1:@PORT@/static/uploads") as httpd:
            answer = post(httpd, [file("image", "a.jpg", JPEG)])
            is_equal(answer.status, 201, "a picture is stored")
            stored = answer_json(answer)["files"][0]
            is_equal(httpd.get("/static/uploads/" + stored["key"]).body, JPEG, "on disk")
            is_equal(account.resources(), [], "Cloudinary has nothing")


def test_wrong_secret():
    with servers.started("cloudinary") as started:
        account = Client(started.environment)
        with site(account, secret="guessed") as httpd:
            httpd.expect("check CLOUDINARY_API_SECRET")
            answer = post(httpd, [file("image", "a.jpg", JPEG)])
            is_equal((answer.status, code(answer)), (502, "storage_failed"), "a wrong secret fails the upload")
            ok("check CLOUDINARY_API_SECRET" in httpd.error_log(), "the log says what to do")
            ok("guessed" not in httpd.error_log() + answer.text, "and not the secret")


if __name__ == "__main__":
    main()
