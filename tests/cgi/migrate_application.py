"""A site with an application's database, for the tests of what migrate.cgi does with records: on SQLite, and on MariaDB
and PostgreSQL where TEST_MYSQL and TEST_PGSQL say how to reach them.

    for kind in kinds():
        with Application(kind) as site:
            site.insert("uploads/a.png")
            site.migrate("references", "--apply")
"""
import os
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from programs import FORMATS, SECRET, Site   # noqa: E402

URL = "https://www.example.org/images"
STORED = "public_html/images"
CONF = f"""
MediaUploadDatabase {{database}}
MediaUploadSecret "{SECRET}"
<MediaUpload articles>
    MediaUploadStorage local:{STORED}
    MediaUploadURL {URL}
    MediaUploadDefault default_article.jpg
    MediaUploadRecord article id image_url
    MediaUploadSource static/uploads
</MediaUpload>
"""
IDS = {"sqlite3": "INTEGER PRIMARY KEY", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY", "pgsql": "SERIAL PRIMARY KEY"}


def kinds():
    return ["sqlite3"] + [kind for kind in ("mysql", "pgsql") if f"TEST_{kind.upper()}" in os.environ]


class Application(Site):
    """Table article (id, title, image_url); the catalog is in the same database."""

    def __init__(self, kind="sqlite3", conf=CONF):
        self.kind = kind
        parameters = os.environ.get(f"TEST_{kind.upper()}", "var/media.db")
        super().__init__(conf.replace("{database}", f'{kind} "{parameters}"'))
        self.server = dict(re.findall(r"(\w+)=([^ ,]+)", parameters))
        os.makedirs(self.path("var"))
        for table in ("article", "people", "mediaupload_media"):
            self.sql(f"DROP TABLE IF EXISTS {table}")
        self.sql(f"CREATE TABLE article (id {IDS[kind]}, title VARCHAR(100) NOT NULL, image_url VARCHAR(300))")

    def sql(self, text):
        """Rows of texts; NULL is None."""
        if self.kind == "sqlite3":
            with sqlite3.connect(self.path("var/media.db")) as database:
                rows = database.execute(text).fetchall()
            database.close()
            return [tuple(None if value is None else str(value) for value in row) for row in rows]
        if self.kind == "mysql":
            command = ["mariadb", "--no-defaults", "-h", self.server["host"], "-P", self.server["port"], "-u",
                       self.server["user"], f"-p{self.server['pass']}", "--default-character-set=utf8mb4", "-NBr", "-e",
                       text, self.server["dbname"]]
            null = "NULL"
        else:
            command = ["psql", "-qAtX", "-F", "\t", "-P", "null=NULL", "-h", self.server["host"], "-p",
                       self.server["port"], "-U", self.server["user"], "-d", self.server["dbname"], "-c", text]
            null = "NULL"
        done = subprocess.run(command, env={**os.environ, "PGPASSWORD": self.server.get("password", ""),
                                            "PGOPTIONS": "-c client_min_messages=warning"},
                              capture_output=True, check=True)
        lines = done.stdout.decode().split("\n")[:-1]
        return [tuple(None if value == null else value for value in line.split("\t")) for line in lines]

    def quote(self, value):
        if value is None:
            return "NULL"
        return "'" + (value.replace("\\", "\\\\") if self.kind == "mysql" else value).replace("'", "''") + "'"

    def insert(self, value, title="a title"):
        """Adds a row; its id."""
        self.sql(f"INSERT INTO article (title, image_url) VALUES ({self.quote(title)}, {self.quote(value)})")
        return int(self.sql("SELECT MAX(id) FROM article")[0][0])

    def images(self):
        """image_url by id."""
        return {int(key): value for key, value in self.sql("SELECT id, image_url FROM article ORDER BY id")}

    def catalog(self):
        """Keys in the catalog."""
        return {key for key, in self.sql("SELECT object_key FROM mediaupload_media")}

    def picture(self, name, text=None):
        """A picture whose content depends on `text`, or its name."""
        extension = name.rsplit(".", 1)[1].lower()
        make = dict(FORMATS)[{"jpeg": "jpg"}.get(extension, extension)]
        return self.write(name, make((text or name).encode()[:200]))

    def migrate(self, command, *args, **options):
        return self.run("migrate.cgi", command, *args, **options)

    def report(self, command):
        return self.results(f"migrate-{command}-results.json")

    def totals(self, command):
        return self.report(command)["totals"]

    def stored(self):
        """Content by URL of what is in the storage."""
        return {URL + path[len(self.path(STORED)):]: content for path, content in self.files(STORED).items()}
