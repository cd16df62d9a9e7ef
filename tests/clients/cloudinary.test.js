#!/usr/bin/env node
/* Cloudinary's own SDK as the judge: of our signatures and URLs, and of the stand-in that the storage tests use. */

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { v2 as cloudinary } from 'cloudinary';
import { done, group, is, matches, ok } from '../browser/tap.js';

const ACCOUNT = {
    cloud_name: process.env.TEST_CLOUDINARY_CLOUD,
    api_key: process.env.TEST_CLOUDINARY_KEY,
    api_secret: process.env.TEST_CLOUDINARY_SECRET,
    upload_prefix: process.env.TEST_CLOUDINARY_API,
};
const agent = new Agent({ ca: readFileSync(process.env.TEST_CLOUDINARY_CA), keepAlive: true });
const folder = mkdtempSync(join(tmpdir(), 'mediaupload-clients-'));

cloudinary.config(ACCOUNT);

/* Our answers to lines of tests/clients/cloudinary_print.c. */
function ours(lines) {
    const program = fileURLToPath(new URL('cloudinary_print', import.meta.url));
    const input = lines.map(words => words.join('\t') + '\n').join('');
    return execFileSync(program, { input, encoding: 'utf8' }).split('\n');
}

function file(size) {
    const path = join(folder, `${size}.bin`);
    const content = randomBytes(size);
    writeFileSync(path, content);
    return { path, content, md5: createHash('md5').update(content).digest('hex') };
}

/* The SDK's chunked upload, which tells its end to a callback. */
function uploadLarge(path, options) {
    return new Promise((resolve, reject) => {
        cloudinary.uploader.upload_large(path, { resource_type: 'raw', agent, ...options },
            (error, stored) => error ? reject(error) : resolve(stored));
    });
}

/* What the SDK's call is refused with. */
async function refusal(call) {
    try {
        await call;
        return 'accepted';
    }
    catch (error) {
        const { http_code: code, message } = error.error ?? error;
        return `${code} ${message}`;
    }
}

function fetched(url) {
    return new Promise((resolve, reject) => {
        get(url, { agent }, answer => {
            const pieces = [];
            answer.on('data', piece => pieces.push(piece));
            answer.on('end', () => resolve(Buffer.concat(pieces)));
        }).on('error', reject);
    });
}

/* Tells the stand-in what shall happen. */
function control(what, value) {
    return new Promise((resolve, reject) => {
        const sent = request(`${ACCOUNT.upload_prefix}/${what}`, { method: 'PUT', agent }, answer => {
            answer.resume();
            answer.on('end', resolve);
        });
        sent.on('error', reject);
        sent.end(JSON.stringify(value));
    });
}

await group('signatures', () => {
    const table = [
        ['abcd', { public_id: 'sample_image', timestamp: '1315060510' }],
        ['abcd', { public_id: 'sample_image', timestamp: '1315060510', eager: 'w_400,h_300,c_pad|w_260,h_200,c_crop' }],
        ['s/e+c=r&e?t', { public_id: 'a/b/c', overwrite: '0', timestamp: '1' }],
        ['abcd', { public_id: 'a', overwrite: '1', invalidate: '1', timestamp: '1' }],
        ['abcd', { from_public_id: 'a', to_public_id: 'b', overwrite: 'false', invalidate: 'true', timestamp: '1' }],
        ['abcd', { public_id: 'a', folder: '', timestamp: '1' }],
        ['abcd', { public_id: 'a&timestamp=2', timestamp: '1' }],
        ['abcd', { notification_url: 'https://x.org/?a=1&b=2&c=%263', timestamp: '1' }],
        ['abcd', { public_id: 'Été à Tunis', timestamp: '1' }],
        ['abcd', { z: '1', a: '2', m: '3', b_c: '4', b: '5' }],
    ];
    const answers = ours(table.map(([secret, params]) =>
        ['sign', secret, ...Object.entries(params).map(([name, value]) => `${name}=${value}`)]));
    table.forEach(([secret, params], i) => {
        is(answers[i], cloudinary.utils.api_sign_request(params, secret, 'sha256'), JSON.stringify(params));
    });
});

await group('signatures of answers', () => {
    const answered = [['sample', 1312461204], ['a/b/c', 1], ['Tunis.v2_x-y', 1795213000]];
    for (const [id, version] of answered) {
        for (const algorithm of ['sha1', 'sha256']) {
            const signature = cloudinary.utils.api_sign_request({ public_id: id, version }, 'abcd', algorithm);
            const wrong = signature.replace(/^./, first => first === '0' ? '1' : '0');
            is(ours([['answer', id, version, signature, 'abcd'], ['answer', id, version, wrong, 'abcd']]).join(''),
                '10', `${id}, ${algorithm}`);
        }
    }
});

await group('delivery URLs', () => {
    const names = ['pic.jpg', 'a/pic.jpg', 'sites/default/products/3f-c1_d.v2.webp', 'v2/pic.jpg', 'v2.jpg',
        'vacation/pic.jpg', 'a/v3/pic.png'];
    const table = [];
    for (const name of names) {
        for (const transformation of ['', 'f_auto,q_auto', 'c_fill,h_200,w_300/f_auto']) {
            for (const cname of ['', 'images.example.org'])
                table.push(['demo', cname, transformation, 'image', name]);
        }
    }
    table.push(['demo', '', '', 'video', 'a/v.mp4'], ['demo', '', 'q_auto', 'video', 'v.mp4'],
        ['demo', '', '', 'raw', 'a/b.pdf'], ['demo', '', '', 'raw', 'LICENSE'],
        ['other-cloud', '', '', 'image', 'a.jpg']);
    const answers = ours(table.map(words => ['url', ...words]));
    table.forEach(([cloud, cname, transformation, type, name], i) => {
        const options = { cloud_name: cloud, secure: true, resource_type: type, raw_transformation: transformation,
            urlAnalytics: false };
        if (cname)
            Object.assign(options, { private_cdn: true, secure_distribution: cname });
        is(answers[i], cloudinary.url(name, options), answers[i]);
    });
});

await group('keys of delivery URLs', () => {
    const names = ['pic.jpg', 'a/pic.jpg', 'sites/default/products/3f-c1_d.v2.webp', 'a/my_pics/x.png'];
    const spellings = [{}, { secure: false }, { version: 1712345678 }, { transformation: { width: 300, crop: 'fill' } },
        { version: 17, transformation: [{ width: 0.5, effect: 'sepia' }, { fetch_format: 'auto', quality: 'auto' }] },
        { sign_url: true, width: 90, crop: 'scale' }, { urlAnalytics: true }, { cdn_subdomain: true },
        { secure_cdn_subdomain: true }, { private_cdn: true },
        { private_cdn: true, secure_distribution: 'img.example.org' },
        { overlay: 'text:Arial_20:a%20b', gravity: 'north', x: 5 }, { variables: [['$w', 90]], width: '$w' },
        { raw_transformation: 'if_w_gt_300/c_scale,w_300/if_end' }, { transformation: 'small' }];
    const table = names.flatMap(name => spellings.map(options => [name,
        cloudinary.url(name, { cloud_name: 'demo', secure: true, urlAnalytics: false, ...options })]));
    const answers = ours(table.map(([, url]) => ['key', 'demo', 'img.example.org', '', url]));
    table.forEach(([name, url], i) => {
        is(answers[i], name, url);
    });
    const more = [['a/pic.jpg', 'a/pic', {}], ['a/pic.avif', 'a/pic', { format: 'avif' }],
        ['a/film.mp4', 'a/film', { resource_type: 'video' }], ['a/b.pdf', 'a/b.pdf', { resource_type: 'raw' }],
        ['none', 'a/pic.jpg', { type: 'private' }], ['none', 'a/pic.jpg', { cloud_name: 'other' }]];
    const found = ours(more.map(([, id, options]) =>
        ['key', 'demo', '', '', cloudinary.url(id, { cloud_name: 'demo', secure: true, ...options })]));
    more.forEach(([key, id, options], i) => {
        is(found[i], key, `${id} ${JSON.stringify(options)}`);
    });
    is(ours([['key', 'demo', '', 'a/my_pics/', cloudinary.url('a/my_pics/x.png', { cloud_name: 'demo' })]])[0], 'x.png',
        'below a folder');
});

await group('the stand-in: uploads', async () => {
    const small = file(200000);
    const stored = await cloudinary.uploader.upload(small.path,
        { public_id: 'sdk/small', resource_type: 'raw', agent });
    is(stored.public_id, 'sdk/small', 'the SDK uploads');
    is(stored.bytes, 200000, 'all bytes');
    is(stored.etag, small.md5, 'their MD5');
    ok(cloudinary.utils.verify_api_response_signature(stored.public_id, stored.version, stored.signature),
        'the SDK takes the signature of the answer');
    ok(small.content.equals(await fetched(stored.secure_url)), 'its URL delivers them');

    const again = await cloudinary.uploader.upload(file(10).path,
        { public_id: 'sdk/small', resource_type: 'raw', overwrite: false, agent });
    is(again.existing, true, 'an existing one is told');
    is(again.etag, small.md5, 'and kept');
    const replaced = await cloudinary.uploader.upload(file(11).path,
        { public_id: 'sdk/small', resource_type: 'raw', agent });
    is(replaced.bytes, 11, 'unless it may be replaced');
    const hashed = await cloudinary.uploader.upload(small.path, { folder: 'sdk', public_id: 'hashed',
        resource_type: 'raw', signature_algorithm: 'sha256', tags: ['a', 'b'], agent });
    is(hashed.public_id, 'sdk/hashed', 'with SHA-256, a folder and a list');
});

await group('the stand-in: chunks', async () => {
    const large = file(15000000);
    const stored = await uploadLarge(large.path, { public_id: 'sdk/large', chunk_size: 6000000 });
    is(stored.bytes, 15000000, 'the SDK uploads a large file in chunks');
    is(stored.etag, large.md5, 'which are put together');
    matches(await refusal(uploadLarge(large.path, { public_id: 'sdk/none', chunk_size: 5000000 })), /larger than 5mb/,
        'chunks that are too small are refused');
});

await group('the stand-in: refusals', async () => {
    const { path } = file(10);
    const upload = options => refusal(cloudinary.uploader.upload(path, { resource_type: 'raw', agent, ...options }));
    matches(await upload({ api_secret: 'guessed' }), /^401 Invalid Signature [0-9a-f]{40}\. String to sign - /,
        'a wrong secret');
    matches(await upload({ api_key: '999' }), /^401 Unknown API key 999/, 'a wrong key');
    matches(await upload({ cloud_name: 'other-cloud' }), /^401 Invalid cloud_name other-cloud/, 'a wrong cloud');
    const old = Math.floor(Date.now() / 1000) - 3700;
    matches(await upload({ timestamp: old }), /^400 Stale request/, 'a time stamp of more than an hour ago');
    matches(await upload({ timestamp: old + 200 }), /^accepted/, 'not of less');
    matches(await upload({ public_id: 'x'.repeat(256) }), /^400 public_id/, 'a long name');
    matches(await upload({ public_id: 'v1/a' }), /^400 public_id/, 'a folder like a version');
    matches(await refusal(cloudinary.uploader.upload(file(0).path, { resource_type: 'raw', agent })), /^400 Empty file/,
        'an empty file');
    matches(await refusal(cloudinary.api.ping({ api_secret: 'guessed', agent })), /^401/, 'a wrong password');
});

await group('the stand-in: administration', async () => {
    is((await cloudinary.api.ping({ agent })).status, 'ok', 'ping');
    const resource = await cloudinary.api.resource('sdk/large', { resource_type: 'raw', agent });
    is(resource.bytes, 15000000, 'one resource');
    matches(await refusal(cloudinary.api.resource('sdk/none', { resource_type: 'raw', agent })),
        /^404 Resource not found/, 'none');
    const names = [];
    let cursor;
    do {
        const page = await cloudinary.api.resources(
            { resource_type: 'raw', type: 'upload', prefix: 'sdk/', max_results: 2, next_cursor: cursor, agent });
        names.push(...page.resources.map(({ public_id: id }) => id));
        cursor = page.next_cursor;
    } while (cursor);
    is(names.join(), 'sdk/hashed,sdk/large,sdk/small', 'a list of several pages');

    const explained = await cloudinary.uploader.explicit('sdk/large', { resource_type: 'raw', type: 'upload', agent });
    is([explained.bytes, explained.etag, explained.version].join(),
        [resource.bytes, resource.etag, resource.version].join(), 'explicit describes the same');
    matches(await refusal(cloudinary.uploader.explicit('sdk/none', { resource_type: 'raw', type: 'upload', agent })),
        /^404 Resource not found/, 'or nothing');

    await cloudinary.uploader.rename('sdk/hashed', 'sdk/renamed', { resource_type: 'raw', agent });
    matches(await refusal(cloudinary.uploader.rename('sdk/renamed', 'sdk/small', { resource_type: 'raw', agent })),
        /^400 to_public_id \(sdk\/small\) already exists/, 'a rename replaces nothing');
    await cloudinary.uploader.rename('sdk/renamed', 'sdk/small', { resource_type: 'raw', overwrite: true, agent });
    is((await cloudinary.api.resource('sdk/small', { resource_type: 'raw', agent })).bytes, 200000, 'unless told to');
    matches(await refusal(cloudinary.uploader.rename('sdk/renamed', 'sdk/x', { resource_type: 'raw', agent })),
        /^404 Resource not found - sdk\/renamed/, 'what was renamed is gone');

    const before = await cloudinary.api.resource('sdk/small', { resource_type: 'raw', agent });
    const moved = await cloudinary.uploader.rename('sdk/small', 'sdk/moved', { resource_type: 'raw', agent });
    is([moved.asset_id, moved.version, moved.etag].join(), [before.asset_id, before.version, before.etag].join(),
        'a renamed one is the same');

    is((await cloudinary.uploader.destroy('sdk/large', { resource_type: 'raw', agent })).result, 'ok', 'destroy');
    is((await cloudinary.uploader.destroy('sdk/large', { resource_type: 'raw', agent })).result, 'not found', 'once');
});

await group('the stand-in: the hourly limit', async () => {
    await control('limit', 2);
    const answer = await cloudinary.api.resource('sdk/moved', { resource_type: 'raw', agent });
    is(answer.rate_limit_remaining, 1, 'the SDK reads how many requests are left');
    is(answer.rate_limit_allowed, 500, 'of how many');
    ok(answer.rate_limit_reset_at > Date.now(), 'and until when');
    await cloudinary.api.resources({ resource_type: 'raw', agent });
    matches(await refusal(cloudinary.api.resources({ resource_type: 'raw', agent })),
        /^420 Rate Limit Exceeded\. Limit of 500 api operations reached\. Try again on 20\d\d-/, 'then there are none');
    is((await cloudinary.uploader.explicit('sdk/moved', { resource_type: 'raw', type: 'upload', agent })).public_id,
        'sdk/moved', 'but of the Upload API');
    await control('limit', null);
});

await group('the stand-in: delivery', async () => {
    const path = join(folder, 'pic.png');
    writeFileSync(path, Buffer.concat([Buffer.from('\x89PNG', 'latin1'), randomBytes(1000)]));
    const stored = await cloudinary.uploader.upload(path, { public_id: 'sdk/pic', agent });
    is(stored.format, 'png', 'the format is told from the bytes');
    ok(readFileSync(path).equals(await fetched(stored.secure_url)), 'the original comes back as it was sent');
    ok(!readFileSync(path).equals(await fetched(stored.secure_url.replace(/png$/, 'webp'))), 'not as another format');
    ok(readFileSync(path).equals(await fetched(stored.secure_url.replace(/\.png$/, ''))), 'but without any');
    writeFileSync(path, Buffer.concat([Buffer.from('\x89PNG', 'latin1'), randomBytes(1000)]));
    const replaced = await cloudinary.uploader.upload(path, { public_id: 'sdk/pic', agent });
    const url = replaced.secure_url.replace(/v\d+/, `v${stored.version}`);
    ok(!readFileSync(path).equals(await fetched(url)), 'caches keep what was delivered');
    await cloudinary.uploader.upload(path, { public_id: 'sdk/pic', invalidate: true, agent });
    ok(readFileSync(path).equals(await fetched(url)), 'unless they are told');
});

rmSync(folder, { recursive: true });
agent.destroy();
done();
