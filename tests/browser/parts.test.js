/* What the page decides without a browser: limits, answers in words, the queue, the languages. */

import { readFileSync } from 'node:fs';
import { readAnswer } from '../../htdocs/js/answer.js';
import { describeLimits, isAccepted, limitsFrom, refusal } from '../../htdocs/js/limits.js';
import { Queue } from '../../htdocs/js/queue.js';
import { TEXTS, preferredLanguage, text } from '../../htdocs/js/texts.js';
import { done, group, is, matches, ok } from './tap.js';

const MB = 1024 * 1024;

await group('limits', () => {
    const limits = limitsFrom({ accept: ['image/jpeg', 'image/png'], max_size: 10 * MB, max_files: 20, csrf: null });
    const table = [
        ['a fine file', { type: 'image/png', size: 5 }, null],
        ['exactly the limit', { type: 'image/png', size: 10 * MB }, null],
        ['one byte more', { type: 'image/png', size: 10 * MB + 1 }, /limit is 10\u00a0MB/],
        ['a type unknown to the browser', { type: '', size: 5 }, null],
        ['another type', { type: 'application/x-php', size: 5 }, /not accepted. Accepted: JPEG, PNG/],
        ['an empty file', { type: 'image/png', size: 0 }, /empty/],
        ['a folder', { type: '', size: 4096, isFolder: true }, /folder/],
    ];
    for (const [name, file, expected] of table) {
        const problem = refusal(file, limits);
        if (expected === null)
            is(problem, null, `${name} may be sent`);
        else
            matches(problem?.() ?? '', expected, `${name} is refused in words`);
    }
    ok(isAccepted('image/heic', ['image/*']), 'image/* takes every image');
    ok(!isAccepted('video/mp4', ['image/*']), 'and no video');
    ok(isAccepted('text/plain', []), 'an empty list takes all');
    is(describeLimits(limits), 'JPEG, PNG · up to 10\u00a0MB each', 'the limits in one line');
    is(limits.token, null, 'no token when none is given');
    is(limitsFrom({ csrf: 'abc', max_files: 1 }).token, 'abc', 'the token that is given');
    ok(limitsFrom({ max_files: 1 }).single, 'one file only when the server says so');
    is(describeLimits(limitsFrom({})), '', 'no limits, no line');
});

await group('answers', () => {
    const base = 'https://shop.example/upload/';
    const file = { url: 'https://cdn.example/a.jpg', type: 'image/jpeg', size: 9, state: 'stored' };
    const error = { code: 'x', message: 'Not this kind.' };
    const read = (status, body) =>
        readAnswer(status, typeof body === 'string' ? body : JSON.stringify(body), base);

    is(read(201, { files: [file] }).url, file.url, 'stored: the address');
    is(read(201, { files: [{ ...file, url: '/static/a.jpg' }] }).url, 'https://shop.example/static/a.jpg', 'made full');
    const queued = read(202, { files: [{ ...file, state: 'queued', final_url: 'https://cdn.example/z.jpg' }] });
    ok(queued.queued && queued.url === 'https://cdn.example/z.jpg' && queued.shownUrl === file.url,
        'queued: the address to come, and the picture to show now');

    const table = [
        ['the file\'s error', 415, { files: [{ ...file, error }], error: { message: 'No.' } }, /^Not this kind\.$/],
        ['the request\'s error', 403, { files: [], error }, /^Not this kind\.$/],
        ['an error without words', 500, { files: [], error: {} }, /not stored \(status 500\)/],
        ['no file in the answer', 201, { files: [] }, /not stored/],
        ['an address that is no address', 201, { files: [{ ...file, url: 'javascript:alert(1)' }] }, /not stored/],
        ['no address', 201, { files: [{ ...file, url: null }] }, /not stored/],
        ['a firewall\'s page', 403, '<html>Forbidden</html>', /in front of the application.*refused \(status 403\)/],
        ['mod_security\'s 406', 406, '<html>Not Acceptable</html>', /in front of the application.*406/],
        ['a proxy\'s size limit', 413, '<html>Too Large</html>', /too large \(status 413\)/],
        ['a dead back end', 502, '<html>Bad Gateway</html>', /cannot be reached.*502/],
        ['a login page', 200, '<!doctype html>', /in front of the application/],
        ['JSON that is not ours', 200, '"hello"', /in front of the application/],
        ['an empty body', 500, '', /cannot be reached/],
    ];
    for (const [name, status, body, expected] of table) {
        const outcome = read(status, body);
        is(outcome.state, 'failed', `${name}: failed`);
        matches(outcome.problem?.() ?? '', expected, `${name}: says why`);
    }
});

await group('queue', async () => {
    const running = new Set();
    const finish = new Map();
    let most = 0;
    const queue = new Queue(3, (item) => new Promise((resolve) => {
        running.add(item);
        most = Math.max(most, running.size);
        finish.set(item, () => {
            running.delete(item);
            resolve();
        });
    }));
    for (const item of ['a', 'b', 'c', 'd', 'e', 'f'])
        queue.add(item);
    is([...running].join(''), 'abc', 'three begin');
    ok(queue.remove('e'), 'a waiting one is taken back');
    ok(!queue.remove('a'), 'a running one is not');
    const turn = () => new Promise(setImmediate);
    finish.get('b')();
    await turn();
    is([...running].join(''), 'acd', 'the next takes the free place');
    finish.get('a')();
    finish.get('c')();
    await turn();
    is([...running].join(''), 'df', 'what was taken back never runs');
    finish.get('d')();
    finish.get('f')();
    await turn();
    is(running.size, 0, 'all had their turn');
    is(most, 3, 'never more than three at once');
});

await group('texts', () => {
    const places = (sentence) => (sentence.match(/\{\w+\}/g) ?? []).sort().join();
    is(Object.keys(TEXTS.fr).join(), Object.keys(TEXTS.en).join(), 'both languages have the same texts');
    for (const [key, sentence] of Object.entries(TEXTS.en))
        is(places(TEXTS.fr[key] ?? ''), places(sentence), `"${key}" has the same values in both`);

    const page = readFileSync(new URL('../../htdocs/index.html', import.meta.url), 'utf8');
    const written = [...page.matchAll(/data-text="(\w+)"[^>]*>([^<]*)</g)];
    ok(written.length > 0, 'the page marks its texts');
    for (const [, key, sentence] of written)
        is(sentence, TEXTS.en[key], `the page's "${key}" is the English text`);

    const table = [['', 'fr-CA', 'fr'], ['', 'fr', 'fr'], ['', 'frr', 'en'], ['', 'de', 'en'], ['', undefined, 'en'],
        ['?lang=en', 'fr', 'en'], ['?lang=fr', 'en', 'fr'], ['?lang=xx', 'fr', 'fr'], ['?lang=toString', 'en', 'en']];
    for (const [query, browser, expected] of table)
        is(preferredLanguage(query, browser), expected, `"${query}" with a ${browser} browser: ${expected}`);
    is(text('left', { time: '$& 3 s' }), '$& 3 s left', 'values are put in as they are');
});

done();
