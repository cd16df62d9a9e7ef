/* What the administration page decides without a browser: what several requests add up to, which commands there are,
 * what an answer means, the languages. */

import { readFileSync } from 'node:fs';
import { ADMIN_TEXTS } from '../../htdocs/js/admin/texts.js';
import { readAnswer } from '../../htdocs/js/admin/client.js';
import { commandTitle, describeRequest, readCommands } from '../../htdocs/js/admin/commands.js';
import { drive } from '../../htdocs/js/admin/driver.js';
import { Job } from '../../htdocs/js/admin/job.js';
import { isWanted } from '../../htdocs/js/admin/results.js';
import { TEXTS } from '../../htdocs/js/texts.js';
import { done, group, is, matches, ok } from './tap.js';

const REQUEST = { command: 'directory', collection: 'articles' };
const item = (from, status, size = 10) => ({ record: null, from, to: null, size, status, error: null });
const answer = (items, more = {}) => ({ run: 'r1', totals: { seen: items.length }, items, ...more });
const statuses = (job) => job.items.map(({ from, status }) => `${from} ${status}`).join();

function planOf(...items) {
    const plan = new Job(REQUEST);
    plan.add(answer(items.map((name) => item(name, 'planned')), { done: true }));
    return plan;
}

await group('a plan', () => {
    const plan = planOf('a', 'b');
    is(plan.next.apply, false, 'asks for a dry run');
    ok(plan.isDone, 'is done with its last answer');
    is(plan.totals.planned, 2, 'counts');
    is(plan.totals.bytes, 20, 'and sums up');

    const partial = new Job(REQUEST);
    partial.add(answer([item('a', 'planned')], { done: false }));
    ok(partial.isPartial && !partial.isDone, 'without a continuation it ends where the first answer does');

    const going = new Job(REQUEST);
    going.add(answer([item('a', 'planned')], { done: false, continue: 'x' }));
    ok(!going.isPartial, 'with one it goes on');
    is(going.next.continue, 'x', 'there');
    going.add(answer([item('b', 'planned')], { done: true }));
    is(statuses(going), 'a planned,b planned', 'with all items');
    is(going.totals.seen, 2, 'each counted once');

    const audit = new Job({ command: 'audit' });
    audit.add({ run: 'r', done: true, totals: { seen: 1000 }, items: [item('a', 'planned')] });
    is(audit.totals.seen, 1000, 'items that are well are counted though not listed');
});

await group('a run of several requests, each from the start', () => {
    const run = new Job(REQUEST, planOf('a', 'b', 'c'));
    is(run.next.apply, true, 'is real');
    run.add(answer([item('a', 'migrated'), item('z', 'failed')], { done: false }));
    is(JSON.stringify(run.progress), '{"files":3,"filesDone":1,"bytes":30,"bytesDone":10}', 'is measured by its plan');
    ok(!run.isStuck, 'gets on');
    run.add(answer([item('a', 'skipped'), item('b', 'migrated'), item('z', 'failed')], { run: 'r2', done: false }));
    is(statuses(run), 'a migrated,z failed,b migrated', 'what was moved before stays moved');
    run.add(answer([item('a', 'skipped'), item('b', 'skipped'), item('z', 'failed')], { run: 'r3', done: false }));
    ok(run.isStuck, 'is stuck when nothing new comes');
    run.add(answer([item('a', 'skipped'), item('b', 'skipped'), item('c', 'migrated'), item('z', 'migrated')],
        { run: 'r4', done: true }));
    is(statuses(run), 'a migrated,z migrated,b migrated,c migrated', 'a failure can be mended');
    is(run.results.runs.join(), 'r1,r2,r3,r4', 'every run is in the results');
    is(JSON.stringify(run.results.totals), '{"seen":4,"migrated":4,"skipped":0,"failed":0,"bytes":40}', 'and the sum');

    const twice = new Job(REQUEST, planOf('a'));
    twice.add(answer([item('a', 'migrated'), item('a', 'skipped')], { done: true }));
    is(twice.items.length, 2, 'two items of one answer are two, however alike');
});

await group('a run that is gone on with', () => {
    const run = new Job(REQUEST, planOf('a'));
    const progress = { files: 9, files_done: 3, bytes: 90, bytes_done: 30 };
    run.add(answer([item('a', 'migrated')], { done: false, continue: '1', progress }));
    is(JSON.stringify(run.progress), '{"files":9,"filesDone":3,"bytes":90,"bytesDone":30}',
        'the program\'s own progress counts');
    run.add(answer([], { done: false, continue: '2' }));
    ok(!run.isStuck, 'an empty step that gets on is no standstill');
    run.add(answer([], { done: false, continue: '2' }));
    ok(run.isStuck, 'one that stays is');
});

await group('the driver', async () => {
    const replies = [{ answer: answer([item('a', 'migrated')], { done: false }) },
        { problem: { kind: 'network' } }, { answer: answer([item('b', 'migrated')], { done: true }) }];
    const asked = [];
    const client = { migrate: async (request) => {
        asked.push(request);
        return replies.shift();
    } };
    const on = { changed() {}, isStopped: () => false };
    const run = new Job(REQUEST, planOf('a', 'b'));
    is((await drive(run, client, on)).kind, 'network', 'stops at a problem');
    is(asked.length, 2, 'at once');
    is(await drive(run, client, on), null, 'goes on from there');
    is(statuses(run), 'a migrated,b migrated', 'with what it had');
    is(await drive(run, client, on), null, 'and asks nothing when all is done');
    is(asked.length, 3, 'really nothing');
    is(await drive(new Job(REQUEST), client, { ...on, isStopped: () => true }), null, 'nor when it was stopped');
});

await group('answers', () => {
    const table = [
        [200, '{"totals":{}}', null], [503, '{"status":"error","checks":[]}', null],
        [403, '{"error":{"code":"forbidden","message":"x"}}', 'secret'],
        [503, '{"error":{"code":"already_running","message":"x"}}', 'busy'],
        [400, '{"error":{"code":"usage","message":"x"}}', 'usage'],
        [502, '{"error":{"code":"database_failed","message":"x"}}', 'server'],
        [403, '<html>', 'foreign'], [200, '[]', 'foreign'], [200, '"x"', 'foreign'], [200, 'null', 'foreign'],
        [200, '', 'foreign'], [200, '{"items":[', 'foreign'],
    ];
    for (const [status, body, expected] of table)
        is(readAnswer(status, body, '/x').problem?.kind ?? null, expected, `${status} ${body}`);
    matches(readAnswer(404, '', '/cgi-bin/x').problem.text(), /\/cgi-bin\/x/, 'a missing program is named');
});

await group('commands', () => {
    const health = { checks: [{ collection: null }, { collection: 'b' }, { collection: 'a' }, { collection: 'b' }] };
    const least = readCommands(undefined, health);
    is(least.collections.map(({ name }) => name).join(), 'b,a', 'the collections that health.cgi names');
    ok(least.commands.some(({ name }) => name === 'directory'), 'a command that is always there');
    const told = readCommands({
        collections: [{ name: 'x', sources: ['up'] }],
        commands: [{ name: 'audit', help: 'h', applies: false, options: [{ name: 'limit', kind: 'number' }] }],
    }, health);
    is(told.collections[0].sources[0], 'up', 'what migrate.cgi tells is taken');
    is(told.commands[0].applies, false, 'a command that only looks');
    is(commandTitle({ name: 'polish', help: 'makes it shine' }), 'polish: makes it shine', 'an unknown command');
    is(describeRequest({ command: 'directory', collection: 'a', dir: 'up', deep: true }), 'directory, a, dir: up, deep',
        'a request in few words');
});

await group('the filter', () => {
    const one = { ...item('/uploads/Été.png', 'failed'), error: 'disk full', size: 77 };
    const table = [['', '', true], ['failed', '', true], ['migrated', '', false], ['', 'été', true],
        ['', ' DISK ', true], ['', '77', false], ['', 'null', false]];
    for (const [status, search, expected] of table)
        is(isWanted(one, status, search), expected, `"${status}" "${search}"`);
});

await group('texts', () => {
    const places = (sentence) => (sentence.match(/\{\w+\}/g) ?? []).sort().join();
    is(Object.keys(ADMIN_TEXTS.fr).join(), Object.keys(ADMIN_TEXTS.en).join(), 'both languages have the same texts');
    for (const [key, sentence] of Object.entries(ADMIN_TEXTS.en))
        is(places(ADMIN_TEXTS.fr[key] ?? ''), places(sentence), `"${key}" has the same values in both`);
    const page = readFileSync(new URL('../../htdocs/admin.html', import.meta.url), 'utf8');
    const written = [...page.matchAll(/data-text="(\w+)"[^>]*>([^<]*)</g)];
    ok(written.length > 10, 'the page marks its texts');
    for (const [, key, sentence] of written)
        is(sentence, TEXTS.en[key], `the page's "${key}" is the English text`);
});

done();
