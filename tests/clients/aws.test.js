#!/usr/bin/env node
/* The AWS SDK for JavaScript as the judge of our signatures: for one request at one moment it must sign what we sign,
 * in headers and in presigned URLs. Nothing is sent. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { done, group, is, matches, ok } from '../browser/tap.js';

const SECONDS = 1795211011;   /* 2026-11-20T21:43:31Z */
const EXPIRES = 3600;
const ID = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const TOKEN = 'FwoGZXIvYXdzEJr//////////wEaDGV4YW1wbGU+/==';
const UPLOAD_ID = '2~x/y+z=Ä b&c';
const BODY = 'not much of a picture';
const UNSIGNED = 'UNSIGNED-PAYLOAD';

Date.now = () => SECONDS * 1000;

/* Where: the storage's URL, and how the SDK is told the same. Objects lie below `prefix`. */
const AMAZON = { url: 's3://shop/media?region=eu-west-3', bucket: 'shop', prefix: 'media/', region: 'eu-west-3' };
const R2 = { url: 's3://shop/media?endpoint=https://acc.r2.cloudflarestorage.com', bucket: 'shop', prefix: 'media/',
    region: 'auto', endpoint: 'https://acc.r2.cloudflarestorage.com', forcePathStyle: true };
const PLACES = [
    AMAZON,
    R2,
    { url: 's3://shop?region=us-east-1', bucket: 'shop', prefix: '', region: 'us-east-1' },
    { url: 's3://shop.example.org/media?region=eu-west-3', bucket: 'shop.example.org', prefix: 'media/',
        region: 'eu-west-3' },
    { url: 's3://shop/media?region=eu-west-3&style=path', bucket: 'shop', prefix: 'media/', region: 'eu-west-3',
        forcePathStyle: true },
    { url: 's3://shop?endpoint=http://127.0.0.1:8000', bucket: 'shop', prefix: '', region: 'us-east-1',
        endpoint: 'http://127.0.0.1:8000', forcePathStyle: true },
    { url: 's3://shop/a/b?endpoint=http://s3.localhost:8000&style=host&region=default', bucket: 'shop', prefix: 'a/b/',
        region: 'default', endpoint: 'http://s3.localhost:8000' },
];

const KEYS = ['pic.jpg', 'sites/7/products/3f-c1_d.v2.jpg', 'a picture.jpg', 'Été à Tunis.jpg', 'É.jpg',
    'a+b.jpg', "it's (1)!*.jpg", '100%.jpg', '%41%2f.jpg', 'a//b/../c/./d', 'a&b=c?d#e;f,g:h@i$j~k.jpg',
    '[a]{b}|c^d`e"f<g>h\\i.jpg', '日本/😀.jpg'];

/* What is asked: the SDK's command, and the same as method, headers and query. */
const PUT = { command: sdk.PutObjectCommand, method: 'PUT',
    params: { ContentType: 'image/jpeg', ContentLength: 204800 },
    headers: { 'Content-Type': 'image/jpeg', 'Content-Length': '204800' } };
const GET = { command: sdk.GetObjectCommand, method: 'GET' };
const OPERATIONS = [
    PUT,
    GET,
    { command: sdk.GetObjectCommand, method: 'GET', params: { ResponseContentType: 'text/plain; charset="utf-8"' },
        query: { 'response-content-type': 'text/plain; charset="utf-8"' } },
    { command: sdk.HeadObjectCommand, method: 'HEAD' },
    { command: sdk.DeleteObjectCommand, method: 'DELETE' },
    { command: sdk.DeleteObjectCommand, method: 'DELETE', params: { VersionId: 'a/b+c=' },
        query: { versionId: 'a/b+c=' } },
    { command: sdk.UploadPartCommand, method: 'PUT',
        params: { PartNumber: 10, UploadId: UPLOAD_ID, ContentLength: 5242880 },
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': '5242880' },
        query: { partNumber: '10', uploadId: UPLOAD_ID } },
    { command: sdk.AbortMultipartUploadCommand, method: 'DELETE', params: { UploadId: UPLOAD_ID },
        query: { uploadId: UPLOAD_ID } },
    { command: sdk.ListObjectsV2Command, method: 'GET', ofBucket: true, query: { 'list-type': '2' } },
    { command: sdk.ListObjectsV2Command, method: 'GET', ofBucket: true,
        params: { Prefix: 'médias/a b+(c)%', EncodingType: 'url', MaxKeys: 2, StartAfter: 'a/~b',
            ContinuationToken: '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=' },
        query: { 'list-type': '2', prefix: 'médias/a b+(c)%', 'encoding-type': 'url', 'max-keys': '2',
            'start-after': 'a/~b', 'continuation-token': '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=' } },
];

/* --- ours --- */

/* Our answers to lines of tests/clients/aws_print.c. */
function ours(lines, token) {
    const program = fileURLToPath(new URL('aws_print', import.meta.url));
    const input = lines.map(words => words.join('\t') + '\n').join('');
    const env = { AWS_ACCESS_KEY_ID: ID, AWS_SECRET_ACCESS_KEY: SECRET, ...token && { AWS_SESSION_TOKEN: token } };
    return execFileSync(program, { input, env, encoding: 'utf8' }).split('\n');
}

function words({ headers = {}, query = {} }) {
    return [...Object.entries(query).map(([name, value]) => `?${name}=${value}`),
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
}

/* --- the SDK's --- */

/* A client that signs what the command asks for: no checksums, no word about the SDK, no slash behind a bucket in the
 * path. */
function clientAt({ region, endpoint, forcePathStyle }, token) {
    const client = new sdk.S3Client({ region, endpoint, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        credentials: { accessKeyId: ID, secretAccessKey: SECRET, sessionToken: token } });
    client.middlewareStack.add(next => async args => {
        delete args.request.query['x-id'];
        args.request.path = args.request.path.replace(/(.)\/$/, '$1');
        return await next(args);
    }, { step: 'build', priority: 'low' });
    return client;
}

function commandOf({ command: Command, params, ofBucket }, place, key, more = {}) {
    return new Command({ Bucket: place.bucket, ...!ofBucket && { Key: place.prefix + key }, ...params, ...more });
}

async function presignedBySdk(operation, place, key, token) {
    return await getSignedUrl(clientAt(place, token), commandOf(operation, place, key), {
        signingDate: new Date(SECONDS * 1000), expiresIn: EXPIRES, signableHeaders: new Set(['content-type']) });
}

/* The request as the SDK would send it. */
async function signedBySdk(operation, place, key, { token, payload, body }) {
    const client = clientAt(place, token);
    client.middlewareStack.addRelativeTo(next => async args => {
        for (const name of ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent'])
            delete args.request.headers[name];
        if (payload === UNSIGNED)
            args.request.headers['x-amz-content-sha256'] = payload;
        return await next(args);
    }, { name: 'plain', relation: 'before', toMiddleware: 'httpSigningMiddleware' });
    client.middlewareStack.addRelativeTo(
        () => async ({ request }) => ({ response: {}, output: { request, $metadata: {} } }),
        { name: 'keep', relation: 'after', toMiddleware: 'httpSigningMiddleware' });
    return (await client.send(commandOf(operation, place, key, body !== undefined ? { Body: body } : {}))).request;
}

/* --- comparing --- */

/* A URL as lines: what is asked, then each parameter, as they are encoded. */
function urlLines(url) {
    const [path, query] = url.split('?');
    return [path, ...query ? query.split('&').sort() : []];
}

/* The headers that a signature covers, then the signature's own words. */
function headerLines(headers) {
    const parts = headers.authorization.split(/,\s*/);
    const covered = parts.find(part => part.startsWith('SignedHeaders=')).slice('SignedHeaders='.length).split(';');
    return [...covered.map(name => `${name}: ${headers[name]}`), ...parts];
}

function sdkLines({ protocol, hostname, port, path, query, headers }) {
    const encode = text => encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16)}`
        .toUpperCase());
    const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
    return [`${protocol}//${hostname}${port ? `:${port}` : ''}${path}`, ...pairs, ...headerLines(headers)].join('\n');
}

function ourLines(line) {
    const [url, ...headers] = line.split('\t');
    const byName = Object.fromEntries(headers.map(header => {
        const colon = header.indexOf(': ');
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 2)];
    }));
    return [...urlLines(url), ...headerLines(byName)].join('\n');
}

function nameOf({ command, ofBucket }, { url }, key, token) {
    return `${command.name} ${url}${ofBucket ? '' : ` ${key}`}${token ? ', of a session' : ''}`;
}

function printed(how, operation, place, key, number, more = {}) {
    return [how, place.url, operation.method, operation.ofBucket ? '' : key, SECONDS, number,
        ...words({ headers: { ...operation.headers, ...more.headers }, query: { ...operation.query, ...more.query } })];
}

/* `cases` are [operation, place, key]. The SDK says in the URL that the body is not signed. */
async function comparePresigned(cases, token) {
    const more = { query: { 'X-Amz-Content-Sha256': UNSIGNED } };
    const answers = ours(cases.map(words => printed('presign', ...words, EXPIRES, more)), token);
    for (const [i, words] of cases.entries()) {
        const theirs = await presignedBySdk(...words, token);
        is(urlLines(answers[i]).join('\n'), urlLines(theirs).join('\n'), nameOf(...words, token));
    }
    return answers;
}

async function compareSigned(cases, { token, payload, body }) {
    const digest = payload ?? createHash('sha256').update(body ?? '').digest('hex');
    const more = body !== undefined ? { headers: { 'Content-Length': String(Buffer.byteLength(body)) } } : {};
    const answers = ours(cases.map(words => printed('sign', ...words, digest === UNSIGNED ? '' : digest, more)), token);
    for (const [i, words] of cases.entries()) {
        const theirs = await signedBySdk(...words, { token, payload, body });
        is(ourLines(answers[i]), sdkLines(theirs), nameOf(...words, token));
    }
    return answers;
}

/* --- the groups --- */

const byPlace = OPERATIONS.flatMap(operation => PLACES.map(place => [operation, place, 'sites/7/Été (1).jpg']));
const byKey = [PUT, GET].flatMap(operation => [AMAZON, R2].flatMap(place => KEYS.map(key => [operation, place, key])));

await group('presigned URLs: every request, everywhere', async () => {
    await comparePresigned(byPlace);
});

await group('presigned URLs: every key', async () => {
    await comparePresigned(byKey);
});

await group('presigned URLs: with the token of a session', async () => {
    const [url] = await comparePresigned(OPERATIONS.map(operation => [operation, AMAZON, 'a b.jpg']), TOKEN);
    matches(url, /&X-Amz-Security-Token=FwoGZXIvYXdzEJr%2F/, 'which is in the URL');
});

await group('what a presigned PUT binds', async () => {
    const [url] = await comparePresigned([[PUT, R2, 'a.jpg']]);
    matches(url, /&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&/, 'length and type are signed');
    matches(url, /&X-Amz-Credential=[A-Z0-9]+%2F20261120%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20261120T214331Z&/,
        'so are region and time');
    const longer = { ...PUT, headers: { ...PUT.headers, 'Content-Length': '204801' } };
    const [other] = ours([printed('presign', longer, R2, 'a.jpg', EXPIRES,
        { query: { 'X-Amz-Content-Sha256': UNSIGNED } })]);
    ok(other !== url, 'another length has another signature');
});

await group('signed headers: every request, everywhere', async () => {
    await compareSigned(byPlace, {});
});

await group('signed headers: every key', async () => {
    await compareSigned(byKey, {});
});

await group('signed headers: bodies and sessions', async () => {
    const put = { ...PUT, params: { ContentType: 'image/jpeg', IfNoneMatch: '*', ContentMD5: 'rL0Y20zC+Fzt72VPzMSk2A==',
        ACL: 'public-read' }, headers: { 'Content-Type': 'image/jpeg', 'If-None-Match': '*',
        'Content-MD5': 'rL0Y20zC+Fzt72VPzMSk2A==', 'x-amz-acl': 'public-read' } };
    const cases = PLACES.map(place => [put, place, 'a b.jpg']);
    for (const token of [undefined, TOKEN]) {
        await compareSigned(cases, { token, body: BODY });
        await compareSigned(cases, { token, body: BODY, payload: UNSIGNED });
    }
});

done();
