/* The administration page in a real browser: a migration of real pictures by a real migrate.cgi, which this test serves
 * itself. */

import { readFileSync, rmSync } from 'node:fs';
import { checkNames, checkTargets } from './access.js';
import { SECRET, Site } from './admin_site.js';
import { done, group, is, matches, ok } from './tap.js';

const site = await Site.start();
process.env.UPLOAD_BASE = site.origin;
const { closeBrowser, closePage, newPage, picture, trouble } = await import('./browser.js');

const KB = 1024;
const requests = [];        // every request of every page that carried the secret

/* The page, before it has the secret. */
async function openLogin(options = {}, query = '') {
    const page = await newPage(options);
    page.expectsFailure = true;
    page.on('request', async (request) => {
        const headers = await request.allHeaders().catch(() => ({}));
        if (headers['x-media-secret'] !== undefined)
            requests.push({ method: request.method(), url: request.url() });
    });
    await page.goto(`${site.origin}/admin.html${query}`);
    return page;
}

async function giveSecret(page, secret = SECRET) {
    await page.locator('#secret').fill(secret);
    await page.locator('#secret').press('Enter');
}

async function openDesk(options = {}, query = '') {
    const page = await openLogin(options, query);
    await giveSecret(page);
    await page.locator('.desk').waitFor();
    return page;
}

const title = (page) => page.locator('.outcome h2').innerText();
const sum = (page) => page.locator('.outcome .sum').innerText();
const named = (page, name) => page.getByRole('button', { name, exact: true });
const rows = (page) => page.locator('.results tbody tr');

async function titled(page, pattern) {
    await page.locator('.outcome h2').filter({ hasText: pattern }).waitFor();
}

async function plan(page, command = 'directory', collection = 'articles') {
    await page.locator('[name=collection]').selectOption(collection);
    await page.locator('[name=command]').selectOption(command);
    await named(page, 'Plan').click();
    await titled(page, `Plan: ${command}, ${collection}`);
}

/* From a plan that is shown: the question, then yes. */
async function run(page) {
    await named(page, 'Run').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run' }).click();
}

/* The next answers of migrate.cgi, so many of them, pass through here; change(answer, number) may alter them. */
async function onSteps(page, times, change) {
    let number = 0;
    await page.route('**/migrate.cgi', async (route) => {
        const headers = { ...route.request().headers(), 'x-media-secret': Buffer.from(SECRET).toString('latin1') };
        const response = await route.fetch({ headers });
        const answer = await response.json();
        await change(answer, ++number);
        await route.fulfill({ response, json: answer });
    }, { times });
}

/* Each request works on one item from now on; the answers, as they come. */
async function inSmallSteps(page) {
    const answers = [];
    await page.route('**/migrate.cgi', async (route) => {
        const request = route.request().postDataJSON();
        if (request.max_time === undefined)
            return route.fallback();
        const headers = { ...route.request().headers(), 'x-media-secret': Buffer.from(SECRET).toString('latin1') };
        const response = await route.fetch({ headers, postData: JSON.stringify({ ...request, max_time: 0.000001 }) });
        answers.push(await response.json());
        await route.fulfill({ response });
    });
    return answers;
}

/* What a migrate.cgi with more commands answers. */
const ANSWERS = {
    describe: {
        collections: [{ name: 'a', sources: ['old', 'new'] }, { name: 'b', sources: [] }],
        commands: [
            { name: 'audit', applies: false, help: '', options: [] },
            { name: 'associate', applies: true, help: '', options: [{ name: 'dir', kind: 'choice' },
                { name: 'limit', kind: 'number' }, { name: 'deep', kind: 'flag' }] },
            { name: 'polish', help: 'shines' },
            { name: 'undo', options: [{ name: 'run', kind: 'text', required: true }] },
        ],
    },
    runs: {
        runs: [{ run: '20260301T093000.123456Z-directory', command: 'directory', collection: 'a', migrated: 12 },
            { run: '20260228T093000.123456Z-directory', command: 'directory', migrated: 34, undone: true }],
    },
    audit: {
        run: 'x', done: true, totals: { seen: 9 },
        items: [{ record: '7', from: 'a.png', status: 'planned', problem: 'no file', mend: 'migrate.cgi references' }],
    },
    associate: { run: 'y', done: true, totals: { seen: 0 }, items: [] },
};

const pictures = Array.from({ length: 12 }, (each, number) => picture(`picture ${number}.png`, 20 * KB));
pictures[3].name = 'été à la plage & <b>.png';
for (const each of pictures)
    site.put(each);
site.put({ name: 'shell.png', buffer: Buffer.from('<?php system($_GET["c"]);') });

await group('without JavaScript', async () => {
    const page = await openLogin({ javaScriptEnabled: false });
    ok(!await page.locator('.desk').isVisible(), 'what needs the script is not shown');
    await giveSecret(page);
    await page.getByText('Health:').waitFor();
    matches(await page.locator('body').innerText(), /database/, 'the form shows health.cgi\'s page with its details');
    ok(!page.url().includes('secret'), 'the secret is not in its address');
    await closePage(page);
});

await group('the secret', async () => {
    const page = await openLogin();
    await giveSecret(page, 'a wrong one of some length');
    await page.getByRole('alert').filter({ hasText: 'The secret is wrong' }).waitFor();
    ok(!await page.locator('.desk').isVisible(), 'a wrong one opens nothing');
    await giveSecret(page);
    await page.locator('.desk').waitFor();
    ok(!await page.locator('.login').isVisible(), 'the right one opens, with accents in it');
    is(await page.locator('#secret').inputValue(), '', 'the field is emptied');
    const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    is(kept, '[{},{},""]', 'nothing is kept in the browser');
    await page.route('**/migrate.cgi', () => {});
    await named(page, 'Plan').click();
    await titled(page, /^Planning: /);
    await named(page, 'Forget the secret').click();
    ok(!await page.locator('.desk').isVisible() && await page.locator('#secret').isVisible(),
        'it can be forgotten, even while something is under way');
    await page.unroute('**/migrate.cgi');
    await giveSecret(page);
    await plan(page);
    ok(true, 'and given again');
    await closePage(page);
});

await group('health', async () => {
    const page = await openDesk();
    matches(await page.locator('.health .sum').innerText(), /^OK: \d+ · Warnings: 0 · Errors: 0$/, 'all is well');
    rmSync(site.path('public_html/static/articles/default_article.jpg'));
    await named(page, 'Check again').click();
    await page.locator('.health .sum').filter({ hasText: 'Errors: 1' }).waitFor();
    const problem = await page.locator('.health tbody tr').first().innerText();
    matches(problem, /^Error\s+articles\s+default/, 'what is wrong comes first');
    matches(problem, /default_article\.jpg.*\s\S.{10}/s, 'with what was seen and what to do');
    await closePage(page);
});

await group('plan, run, results', async () => {
    const page = await openDesk();
    is(await named(page, 'Run').count(), 0, 'nothing can be run before it was planned');
    await plan(page);
    matches(await title(page), /^Plan: directory, articles$/, 'the plan says what it is about');
    matches(await sum(page), /^To move: 12 \(2\d\d\sKB\) · Left alone: 1 · Failed: 0 · Looked at: 13$/,
        'and its totals');
    is(site.stored('articles').length, 0, 'a plan moves nothing');

    await named(page, 'Run').click();
    const dialog = page.getByRole('dialog');
    matches(await dialog.innerText(), /Really run.*directory, articles.*To move: 12 \(2\d\d\sKB\)/s,
        'the question says the totals');
    is(await page.evaluate(() => document.activeElement.textContent), 'Cancel', 'and has the focus on doing nothing');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    is(site.stored('articles').length, 0, 'Cancel runs nothing');

    await run(page);
    await titled(page, /^Done: /);
    matches(await sum(page), /^Moved: 12 \(2\d\d\sKB\) · Left alone: 1 /, 'the run says what it did');
    const wanted = Buffer.concat(pictures.map(({ buffer }) => buffer).sort(Buffer.compare));
    ok(Buffer.concat(site.stored('articles')).equals(wanted), 'every picture is in the storage, byte for byte');

    is(await rows(page).count(), 13, 'the table has every file');
    await page.locator('.results select').selectOption('skipped');
    is(await rows(page).count(), 1, 'filtered by state');
    matches(await rows(page).innerText(), /^Left alone\s+\S+shell\.png/, 'the one that is no picture');
    await page.locator('.results select').selectOption('');
    await page.locator('.results input').fill('ÉTÉ À LA');
    is(await rows(page).count(), 1, 'filtered by text');
    const address = await rows(page).locator('a').getAttribute('href');
    ok((await (await page.request.get(address)).body()).equals(pictures[3].buffer), 'its link shows the picture');
    matches(await page.locator('.results [role=status]').innerText(), /^Shown: 1 of 13$/, 'the filter says so');

    const download = page.waitForEvent('download');
    await named(page, 'Download as JSON').click();
    const file = await download;
    const results = JSON.parse(readFileSync(await file.path(), 'utf8'));
    matches(file.suggestedFilename(), /-directory\.json$/, 'the download has the run\'s name');
    is(results.items.length, 13, 'and every item');
    is(results.totals.migrated, 12, 'and the totals');
    is(await page.locator('.runs tbody tr').count(), 1, 'the run is listed');
    await closePage(page);
});

await group('a second plan', async () => {
    const page = await openDesk();
    await plan(page);
    matches(await sum(page), /^To move: 0 .*Left alone: 13/, 'moves nothing');
    ok(await page.getByText('There is nothing to do.').isVisible(), 'and says so');
    ok(!await named(page, 'Run').isVisible(), 'nor can it be run');
    await closePage(page);
});

await group('several steps, and a server that goes away', async () => {
    const more = Array.from({ length: 3 }, (each, number) => picture(`more ${number}.png`, 20 * KB));
    for (const each of more)
        site.put(each);
    const page = await openDesk();
    await plan(page);
    await onSteps(page, 1, (answer) => {
        answer.done = false;
        site.stop();
    });
    await run(page);
    await page.locator('.outcome [role=alert]').filter({ hasText: 'The connection was lost' }).waitFor();
    matches(await title(page), /^Stopped: directory, articles$/, 'the run has stopped');
    site.serve();
    await named(page, 'Go on').click();
    await titled(page, /^Done: /);
    matches(await sum(page), /^Moved: 3 /, 'going on ends it, and what the first step moved counts');
    is(site.stored('articles').length, 15, 'each picture is there once');
    await closePage(page);
});

await group('progress and the stop button', async () => {
    for (const number of [0, 1])
        site.put(picture(`slow ${number}.png`, 20 * KB));
    const page = await openDesk();
    await plan(page);
    const steps = [];
    page.on('request', (request) => request.postDataJSON()?.apply && steps.push(request));
    await onSteps(page, 2, async (answer, number) => {
        if (number === 1) {
            answer.done = false;
            answer.progress = { files: 8, files_done: 2, bytes: 80 * KB, bytes_done: 20 * KB };
        }
        else {
            answer.done = false;
            answer.items = [{ ...answer.items[0], from: 'another.png', status: 'migrated' }];
            await page.locator('.count').filter({ hasText: '2 of 8' }).waitFor();
            matches(await page.locator('.outcome progress').getAttribute('aria-valuetext'), /^25%, /,
                'the bar says how far it is');
            await checkNames(page, 'while running');
            await named(page, 'Stop').click();
            ok(await page.getByText('Stopping after the step under way').isVisible(), 'Stop waits for the step');
        }
    });
    await run(page);
    await titled(page, /^Stopped: /);
    is(steps.length, 2, 'no further step is begun');
    ok(await page.getByText('What was moved stays moved.').isVisible(), 'it says what that means');
    await named(page, 'Go on').click();
    await titled(page, /^Done: /);
    is(steps.length, 3, 'and it can be gone on with');
    await closePage(page);
});

await group('progress of what is counted and not weighed', async () => {
    const page = await openDesk();
    await page.route('**/migrate.cgi', async (route) => {
        const goesOn = route.request().postDataJSON().continue === 'there';
        if (goesOn) {
            await page.locator('.count').filter({ hasText: '2 of 8' }).waitFor();
            is(await page.locator('.outcome progress').getAttribute('aria-valuetext'), '25%', 'the bar counts');
            ok(!await page.locator('.outcome .readings:not(.count)').isVisible(), 'and nothing is said of bytes');
        }
        await route.fulfill({ json: {
            run: 'x', done: goesOn, ...goesOn ? {} : { continue: 'there' }, totals: { seen: goesOn ? 6 : 2 }, items: [],
            progress: { files: 8, files_done: goesOn ? 8 : 2, bytes: 0, bytes_done: 0 },
        } });
    });
    await plan(page, 'audit', 'portraits');
    matches(await sum(page), /Looked at: 8$/, 'until all is looked at');
    await closePage(page);
});

await group('what may be in the way', async () => {
    const table = [
        [503, '{"error":{"code":"already_running","message":"x"}}', /Another run is active/],
        [403, '<h1>Forbidden</h1>', /Something in front of the program.*403/],
        [504, '<h1>Gateway Timeout</h1>', /no usable answer \(status 504\)/],
        [404, '<h1>Not Found</h1>', /no program at \/cgi-bin\/migrate.cgi/],
        [400, '{"error":{"code":"usage","message":"Name a folder."}}', /answered: Name a folder\./],
        [403, '{"error":{"code":"forbidden","message":"x"}}', /no longer right/],
    ];
    const page = await openDesk();
    await page.locator('[name=command]').selectOption('directory');
    for (const [status, body, expected] of table) {
        await page.route('**/migrate.cgi', (route) => route.fulfill({ status, body, contentType: 'text/html' }));
        await named(page, 'Plan').click();
        await page.locator('.outcome [role=alert]').filter({ hasText: expected }).waitFor();
        await page.unroute('**/migrate.cgi');
        if (status === 403 && body.startsWith('{'))
            await giveSecret(page);
        await named(page, 'Go on').click();
        await titled(page, /^Plan: /);
        ok(true, `${status}: is named, and can be gone on from`);
    }
    await closePage(page);

    const lost = await openDesk();
    await lost.route('**/health.cgi', (route) => route.abort());
    await named(lost, 'Check again').click();
    await lost.locator('.health [role=alert]').filter({ hasText: 'The connection was lost' }).waitFor();
    matches(await lost.locator('.health .sum').innerText(), /^OK: \d/, 'a check that fails leaves the last one shown');
    await closePage(lost);

    const sent = await openDesk();
    await sent.route('**/migrate.cgi', (route) =>
        route.fulfill({ status: 302, headers: { location: `${site.origin}/elsewhere` } }));
    await named(sent, 'Plan').click();
    await sent.locator('.outcome [role=alert]').filter({ hasText: 'another address' }).waitFor();
    ok(!requests.some(({ url }) => url.includes('elsewhere')), 'the secret does not follow a redirection');
    await closePage(sent);
});

await group('what migrate.cgi offers', async () => {
    const page = await openLogin();
    const asked = [];
    await page.route('**/migrate.cgi', (route) => {
        const request = route.request().postDataJSON();
        asked.push(request);
        return route.fulfill({ json: ANSWERS[request.command] });
    });
    await giveSecret(page);
    await page.locator('.desk').waitFor();
    is((await page.locator('[name=command] option').allInnerTexts()).map((title) => title.slice(0, 16)).join('|'),
        'audit: compare r|associate: give |polish: shines', 'every command in words, undo apart');
    await plan(page, 'audit', 'a');
    ok(!await named(page, 'Run').isVisible(), 'what only looks is not run');
    matches(await page.locator('.results').innerText(), /Problem.*Remedy.*no file.*references/s,
        'an audit names remedies');

    await page.locator('[name=command]').selectOption('associate');
    is((await page.locator('[name=dir] option').allInnerTexts()).join('|'), 'All|old|new', 'folders to choose from');
    await page.locator('[name=dir]').selectOption('new');
    await page.locator('[name=limit]').fill('5');
    await page.locator('[name=deep]').check();
    await page.locator('[name=collection]').selectOption('b');
    is(await page.locator('[name=limit]').inputValue(), '5', 'another collection leaves the rest as it was');
    await page.locator('[name=collection]').selectOption('a');
    is(await page.locator('[name=dir]').inputValue(), '', 'but for what it does not have');
    await page.locator('[name=dir]').selectOption('new');
    await named(page, 'Plan').click();
    await titled(page, 'Plan: associate, a, dir: new, limit: 5, deep');
    const { command, collection, dir, limit, deep, apply } = asked.at(-1);
    is(JSON.stringify([command, collection, dir, limit, deep, apply]), '["associate","a","new",5,true,false]',
        'the request has what was chosen');
    matches(await page.locator('.runs tbody').innerText(), /12.*Undo\s.*34.*Undone/s, 'the runs it tells of');
    await closePage(page);
});

await group('undo', async () => {
    const page = await openDesk();
    const before = site.stored('articles').length;
    site.put(picture('to be undone.png', 20 * KB));
    await plan(page);
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/migrate.cgi', async (route) => {
        if (route.request().postDataJSON().command === 'runs')
            await held;
        return route.fallback();
    });
    await run(page);
    await titled(page, /^Done: /);
    is(site.stored('articles').length, before + 1, 'a picture is moved');
    const undo = page.getByRole('button', { name: /^Undo / }).first();
    ok(await undo.isDisabled(), 'nothing can be undone from a list that lacks this run');
    release();
    await undo.click();
    await titled(page, /^Plan: undo of /);
    matches(await sum(page), /^To take back: 1 /, 'the plan of its undo');
    is(site.stored('articles').length, before + 1, 'changes nothing');
    await run(page);
    await titled(page, /^Done: undo of /);
    matches(await sum(page), /^Taken back: 1 /, 'the undo');
    is(site.stored('articles').length, before, 'takes it back');
    rmSync(site.path('uploads/to be undone.png'));
    await closePage(page);
});

await group('records of an application', async () => {
    const page = await openDesk();
    const image = () => site.sql('SELECT image FROM person')[0][0];
    site.put(picture('ada.png', 20 * KB), 'people');
    site.sql('INSERT INTO person (id, image) VALUES (7, \'people/ada.png\')');
    await plan(page, 'references', 'portraits');
    is(await title(page), 'Plan: references, portraits', 'a plan for another collection');
    matches(await sum(page), /^To move: 1 /, 'finds the record\'s picture');
    is(image(), 'people/ada.png', 'and leaves the record alone');
    await run(page);
    await titled(page, /^Done: /);
    ok(image().startsWith(`${site.origin}/static/portraits/`), 'the run writes the full address into it');
    matches(await page.locator('.results tr').last().innerText(), /7.*ada\.png/s, 'the table names record and file');
    await page.getByRole('button', { name: /^Undo .*references/ }).click();
    await titled(page, /^Plan: undo of /);
    await run(page);
    await titled(page, /^Done: undo of /);
    is(image(), 'people/ada.png', 'the undo gives back what was there');
    site.sql('INSERT INTO person (id, image) VALUES (8, \'people/lost.png\')');
    await plan(page, 'audit', 'portraits');
    matches(await sum(page), /^To mend: 1 .*Failed: 1 /, 'an audit finds both');
    matches(await page.locator('.results tbody').innerText(), /not moved yet\s+migrate\.cgi references.*missing/s,
        'and says what to do');
    ok(!await named(page, 'Run').isVisible(), 'but runs nothing');
    await closePage(page);
});

await group('audit, sites and orphans in many steps', async () => {
    const badges = 'public_html/static/badges';
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
        site.put(picture(`${name}.png`, 2 * KB), badges);
    for (const name of ['a', 'b', 'c'])
        site.sql(`INSERT INTO badge (image, site) VALUES ('${site.origin}/static/badges/${name}.png', '7')`);
    site.sql(`INSERT INTO badge (image) VALUES ('${site.origin}/static/badges/lost.png')`);
    const page = await openDesk();
    const answers = await inSmallSteps(page);
    const isOneRun = (name) => {
        ok(answers.length > 2 && new Set(answers.map(({ run: id }) => id)).size === 1,
            `${name}: several requests, one run (${answers.length})`);
        answers.length = 0;
    };
    await plan(page, 'audit', 'badges');
    matches(await sum(page), /^To mend: 3 .*Failed: 1 .*Looked at: 7$/, 'an audit adds up');
    isOneRun('audit');

    await page.locator('[name=command]').selectOption('sites');
    await page.locator('[name=remove_source]').check();
    await named(page, 'Plan').click();
    await titled(page, /^Plan: sites, badges, remove_source$/);
    matches(await sum(page), /^To move: 3 .*Failed: 1 .*Looked at: 4$/, 'a plan of sites adds up');
    isOneRun('plan of sites');
    await run(page);
    await titled(page, /^Done: sites/);
    matches(await sum(page), /^Moved: 6 .*Failed: 1 .*Looked at: 7$/, 'a run of sites, records and sources');
    isOneRun('run of sites');
    is(site.sql(`SELECT COUNT(*) FROM badge WHERE image LIKE '${site.origin}/static/badges/sites/7/%'`)[0][0], 3,
        'each record has its new address');

    await plan(page, 'orphans', 'badges');
    matches(await sum(page), /^To \S+: 3 /, 'a plan of orphans adds up');
    isOneRun('plan of orphans');
    await run(page);
    await titled(page, /^Done: orphans/);
    matches(await sum(page), /: 3 .*Failed: 0 /, 'a run of orphans');
    isOneRun('run of orphans');
    is(site.stored('badges').length, 3, 'what records name is there');
    await page.getByRole('button', { name: /^Undo .*orphans/ }).click();
    await titled(page, /^Plan: undo of /);
    await run(page);
    await titled(page, /^Done: undo of /);
    is(site.stored('badges').length, 6, 'the undo of all steps brings back the rest');
    await closePage(page);
});

await group('keyboard only', async () => {
    site.put(picture('by keyboard.png', 20 * KB));
    const before = site.stored('articles').length;
    const page = await openLogin();
    const focused = () => page.evaluate(() =>
        document.activeElement.id || document.activeElement.name || document.activeElement.textContent);
    const tabTo = async (wanted) => {
        for (let presses = 0; presses < 40; presses++) {
            if (await focused() === wanted)
                return true;
            await page.keyboard.press('Tab');
        }
        return false;
    };
    ok(await tabTo('secret'), 'Tab reaches the secret');
    await page.keyboard.type(SECRET);
    await page.keyboard.press('Enter');
    await page.locator('.desk').waitFor();
    await page.waitForFunction(() => document.activeElement.id === 'health-title');
    ok(await tabTo('collection'), 'then the collections');
    is(await page.locator('[name=collection]').inputValue(), 'articles', 'the first is chosen');
    ok(await tabTo('command'), 'then the commands');
    await page.keyboard.type('dir');
    is(await page.locator('[name=command]').inputValue(), 'directory', 'of which one is chosen by its first letters');
    ok(await tabTo('Plan'), 'then the plan');
    await page.keyboard.press('Enter');
    await titled(page, /^Plan: /);
    is(await focused(), 'outcome-title', 'the focus is on the plan');
    ok(await tabTo('Run'), 'then its button');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    is(await focused(), 'Run', 'Escape closes the question');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    is(await focused(), 'Run', 'Tab reaches yes');
    await page.keyboard.press('Enter');
    await titled(page, /^Done: /);
    is(await focused(), 'outcome-title', 'the focus is on the run');
    is(site.stored('articles').length, before + 1, 'which moved the picture');
    matches(await page.locator('main > [role=status]').innerText(), /^Done: .*Moved: 1 /, 'a screen reader is told');
    await closePage(page);
});

await group('French', async () => {
    const page = await openDesk({ locale: 'fr-FR' });
    await page.locator('[name=command]').selectOption('directory');
    await named(page, 'Planifier').click();
    await titled(page, /^Plan : directory, articles$/);
    matches(await sum(page), /^À déplacer : 0 /, 'a French browser gets French');
    await page.getByRole('link', { name: 'English' }).click();
    matches(await sum(page), /^To move: 0 /, 'English is one click away, and the plan stays');
    await closePage(page);
});

await group('a narrow phone, and names for everything', async () => {
    const page = await openDesk({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
    await plan(page);
    is(await page.evaluate(() => document.documentElement.scrollWidth), 320, 'the page does not scroll sideways');
    await checkNames(page, 'with results');
    await checkTargets(page, 'with results');
    await closePage(page);
});

ok(requests.length > 20 && requests.every(({ method }) => method === 'POST'), 'the secret was only ever sent by POST');
ok(!requests.some(({ url }) => url.includes('?')), 'and never with a query');
ok(!site.logs.includes(SECRET.slice(0, 20)) && !site.logs.includes(encodeURIComponent(SECRET)), 'no log holds it');
is(trouble.join('\n'), '', 'no script error, no complaint in the console, no request to another host in all of this');
await closeBrowser();
done();
