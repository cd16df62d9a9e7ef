/* A site of its own for the tests of the administration page: a folder with a configuration and a secret, and ./serve,
 * which can be stopped and started again. */

import { execFileSync } from 'node:child_process';
import {
    chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync,
    writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const PORTS = process.env.TEST_PORTS ?? '20000-31999';  // below the range that the kernel hands out

/* Arguments: database, statement. */
const SQL = `
import json, sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=60) as database:
    print(json.dumps(database.execute(sys.argv[2]).fetchall()))
`;

export const SECRET = 'a secret of some length, clé';

function configuration(origin) {
    return `MediaUploadEnvFile   .env
MediaUploadDatabase  sqlite3 var/media.db
MediaUploadSecret    \${MEDIAUPLOAD_SECRET}

<MediaUpload articles>
    MediaUploadStorage  local:public_html/static/articles
    MediaUploadURL      ${origin}/static/articles
    MediaUploadSource   uploads
    MediaUploadDefault  default_article.jpg
</MediaUpload>

<MediaUpload portraits>
    MediaUploadStorage  local:public_html/static/portraits
    MediaUploadURL      ${origin}/static/portraits
    MediaUploadSource   people
    MediaUploadRecord   person id image
    MediaUploadDefault  default_article.jpg
</MediaUpload>

<MediaUpload badges>
    MediaUploadStorage  local:public_html/static/badges
    MediaUploadURL      ${origin}/static/badges
    MediaUploadKey      sites/{site}/{uuid}.{ext}
    MediaUploadRecord   badge id image
    MediaUploadDefault  default_article.jpg
</MediaUpload>
`;
}

export class Site {
    #folder = mkdtempSync(join(tmpdir(), 'admin-test-'));
    #port;

    static async start() {
        const site = new Site();
        site.#port = await freePort();
        site.origin = `http://127.0.0.1:${site.#port}`;
        chmodSync(site.#folder, 0o755);
        for (const path of ['uploads', 'people', 'public_html', 'var'])
            mkdirSync(site.path(path));
        site.sql('CREATE TABLE person (id INTEGER PRIMARY KEY, image TEXT)');
        site.sql('CREATE TABLE badge (id INTEGER PRIMARY KEY, image TEXT, site TEXT)');
        writeFileSync(site.path('mediaupload.conf'), configuration(site.origin));
        writeFileSync(site.path('.env'), `MEDIAUPLOAD_SECRET=${SECRET}\n`, { mode: 0o600 });
        if (process.getuid() === 0)
            execFileSync('chown', ['-R', 'www-data:', site.#folder]);
        process.once('exit', () => site.#remove());
        site.serve();
        return site;
    }

    serve() {
        this.#run('--detach', '--config', this.path('mediaupload.conf'));
    }

    stop() {
        this.#run('--stop');
    }

    #run(...options) {
        execFileSync(join(TOP, 'serve'), ['--port', String(this.#port), ...options],
            { stdio: ['ignore', 'pipe', 'inherit'] });
    }

    #remove() {
        this.stop();
        rmSync(this.#folder, { recursive: true });
    }

    path(name) {
        return join(this.#folder, name);
    }

    /* picture: as browser.js makes them. It belongs to its folder's owner and is two days old. */
    put({ name, buffer }, folder = 'uploads') {
        const path = this.path(`${folder}/${name}`), then = Date.now() / 1000 - 2 * 24 * 3600;
        const { uid, gid } = statSync(this.path(folder));
        writeFileSync(path, buffer, { mode: 0o644 });
        chownSync(path, uid, gid);
        utimesSync(path, then, then);
    }

    /* The rows that a statement gives, from the database that application and catalog share. */
    sql(statement) {
        return JSON.parse(execFileSync('/usr/bin/python3', ['-c', SQL, this.path('var/media.db'), statement]));
    }

    /* The contents of the files that a collection has, but for its default image, sorted. */
    stored(collection) {
        const folder = this.path(`public_html/static/${collection}`);
        const names = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
        return names.filter((each) => each.isFile() && !/^(\.|default_article)/.test(each.name))
            .map((each) => readFileSync(join(each.parentPath, each.name))).sort(Buffer.compare);
    }

    /* All that httpd has written down. */
    get logs() {
        return ['access.log', 'error.log', 'error.log.1'].map((name) => join(TOP, `var/serve-${this.#port}`, name))
            .filter(existsSync).map((path) => readFileSync(path, 'utf8')).join('');
    }
}

async function freePort() {
    const [least, most] = PORTS.split('-').map(Number);
    for (;;) {
        const port = least + Math.floor(Math.random() * (most - least + 1));
        if (await isFree(port))
            return port;
    }
}

function isFree(port) {
    return new Promise((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
}
