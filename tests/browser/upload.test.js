/* The upload page in a real browser against a real server, whose address is in UPLOAD_BASE. */

import { checkNames, checkTargets } from './access.js';
import { BASE, closeBrowser, closePage, largeFile, newPage, openPage, picture, setLine, trouble } from './browser.js';
import { done, group, is, matches, note, ok } from './tap.js';

const KB = 1024;
const MB = 1024 * KB;

const card = (page, name) => page.locator('.card').filter({ hasText: name });
const inState = (page, name, state) => page.locator(`.card[data-state="${state}"]`).filter({ hasText: name });
const storedPicture = (page, name) => inState(page, name, 'stored').locator('img.stored');
const problem = (page, name) => card(page, name).locator('.problem').innerText();
const naturalWidth = (image) => image.evaluate((node) => node.complete ? node.naturalWidth : 0);

async function choose(page, ...files) {
    await page.setInputFiles('input[type=file]', files);
}

/* Counts the uploads that leave the page from now on. */
function countUploads(page) {
    const count = { posts: 0 };
    page.on('request', (request) => { count.posts += request.method() === 'POST'; });
    return count;
}

await group('without JavaScript', async () => {
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(`${BASE}/`);
    ok(await page.getByRole('button', { name: 'Upload' }).isVisible(), 'the plain form has its button');
    is(await page.locator('.languages').isVisible(), false, 'what needs the script is not shown');
    await choose(page, picture('plain.png', 50 * KB));
    await page.getByRole('button', { name: 'Upload' }).click();
    const image = page.locator('img').first();
    await image.waitFor();
    is(await naturalWidth(image), 1000, 'the form ends on a page that shows the picture');
    await closePage(page);
});

await group('a slowed upload', async () => {
    const page = await openPage();
    await setLine(page, { upload: 600 * KB });
    await page.evaluate(() => {
        window.seen = { percent: new Set(), left: new Set(), rate: new Set(), amount: new Set(), value: new Set() };
        new MutationObserver(() => {
            for (const node of document.querySelectorAll('.card .readings:not([hidden]) span'))
                window.seen[node.className].add(node.textContent);
            for (const bar of document.querySelectorAll('.card progress:not([hidden])'))
                window.seen.value.add(bar.value);
        }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    const sent = picture('slow.png', 3 * MB);
    await choose(page, sent);
    await storedPicture(page, 'slow.png').waitFor();

    const seen = await page.evaluate(() =>
        Object.fromEntries(Object.entries(window.seen).map(([name, values]) => [name, [...values]])));
    note(`${seen.percent.length} percentages, ${seen.rate.join(' | ')}, ${seen.left.join(' | ')}`);
    ok(seen.percent.length >= 5, 'at least five different percentages');
    ok(seen.percent.every((value) => /^\d{1,3}%$/.test(value)), 'each a whole per cent');
    ok(seen.value.length >= 5, 'the bar moved as often');
    ok(seen.rate.some((value) => /^\d+\.\d+\sMB\/s$/.test(value)), 'MB/s is shown');
    ok(seen.left.some((value) => /^\d+\ss left$/.test(value)), 'the time left is shown');
    ok(seen.left.includes('Saving…'), 'after the last byte it says that it is saving');
    ok(seen.amount.some((value) => /^\d\.\d\d \/ \d\.\d\d\sMB$/.test(value)), 'so is the amount');

    is(await naturalWidth(storedPicture(page, 'slow.png')), 1000, 'then the picture appears');
    const address = await page.locator('input.address').inputValue();
    matches(address, /^https?:\/\/.+\.png$/, 'with its full address');
    is(await storedPicture(page, 'slow.png').getAttribute('src'), address, 'from that very address');
    const bytes = await (await page.request.get(address)).body();
    ok(bytes.equals(sent.buffer), 'which gives the very bytes that were sent');
    is(await page.locator('.card progress').isVisible(), false, 'and the bar is gone');
    matches(await page.locator('[role=status]').innerText(), /slow\.png is online/, 'a screen reader is told');
    await closePage(page);
});

await group('several files at once', async () => {
    const page = await openPage();
    page.expectsFailure = true;
    const php = { name: 'shell.php', mimeType: 'application/x-php', buffer: Buffer.from('<?php echo 1;') };
    const liar = { name: 'liar.png', mimeType: 'image/png', buffer: Buffer.from('<?php echo 1;') };
    const good = ['one.png', 'two.png', 'three.png', 'four.png', 'five.png'];
    await choose(page, ...good.map((name) => picture(name, 40 * KB)), php, liar);
    for (const name of good) {
        await storedPicture(page, name).waitFor();
        is(await naturalWidth(storedPicture(page, name)), 1000, `${name} is shown`);
    }
    await inState(page, 'shell.php', 'refused').waitFor();
    matches(await problem(page, 'shell.php'), /not accepted/, 'the PHP file is refused in words');
    await inState(page, 'liar.png', 'failed').waitFor();
    matches(await problem(page, 'liar.png'), /.{10}/, 'the server\'s word on a PHP file named .png');
    is(await page.locator('.summary h2').innerText(), '5 of 7 online, 2 failed', 'the summary counts them');
    const addresses = await page.locator('input.address').evaluateAll((all) =>
        all.filter((node) => node.getClientRects().length > 0).map((node) => node.value));
    is(new Set(addresses).size, 5, 'each has an address of its own');

    const before = await page.locator('.card').count();
    await page.getByRole('button', { name: 'Remove shell.php from the list' }).click();
    is(await page.locator('.card').count(), before - 1, 'a file can be taken off the list');
    await closePage(page);
});

await group('too large', async () => {
    const page = await openPage();
    const endpoint = await page.locator('form').getAttribute('data-endpoint');
    const limits = await (await page.request.get(new URL(endpoint, BASE).href)).json();
    const uploads = countUploads(page);
    await choose(page, largeFile('huge.png', limits.max_size + 1));
    await inState(page, 'huge.png', 'refused').waitFor();
    matches(await problem(page, 'huge.png'), /the limit is \d/, 'says the limit');
    is(uploads.posts, 0, 'and not a byte was sent');
    is(await card(page, 'huge.png').getByRole('button', { name: 'Try again' }).count(), 0, 'nor may it be tried again');
    await closePage(page);
});

await group('cancel', async () => {
    const page = await openPage();
    await setLine(page, { upload: 100 * KB });
    const names = ['a.png', 'b.png', 'c.png', 'd.png'];
    await choose(page, ...names.map((name) => picture(name, 1 * MB)));
    await inState(page, 'c.png', 'sending').waitFor();
    is(await card(page, 'd.png').getAttribute('data-state'), 'waiting', 'the fourth waits for its turn');
    ok(await page.locator('.summary progress').isVisible(), 'all together have a bar');
    await page.getByRole('button', { name: 'Cancel a.png' }).click();
    await inState(page, 'a.png', 'cancelled').waitFor();
    await inState(page, 'd.png', 'sending').waitFor();
    ok(true, 'a cancelled one makes room for the next');

    let asked = false;
    page.on('dialog', async (dialog) => {
        asked = dialog.type() === 'beforeunload';
        await dialog.dismiss();
    });
    const dialog = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    await dialog;
    ok(asked, 'leaving meanwhile asks first');

    await page.getByRole('button', { name: 'Cancel all' }).click();
    for (const name of names)
        await inState(page, name, 'cancelled').waitFor();
    ok(true, 'all are cancelled at once');
    is(await page.locator('progress:visible').count(), 0, 'no bar is left');

    await setLine(page, {});
    await page.getByRole('button', { name: 'Try again: b.png' }).click();
    await storedPicture(page, 'b.png').waitFor();
    ok(true, 'a cancelled one can be sent after all');
    await closePage(page);
});

await group('a broken line', async () => {
    const page = await openPage();
    page.expectsFailure = true;
    await setLine(page, { offline: true });
    await choose(page, picture('lost.png', 60 * KB));
    await inState(page, 'lost.png', 'failed').waitFor();
    matches(await problem(page, 'lost.png'), /connection was lost/, 'is named');
    await setLine(page, {});
    await page.getByRole('button', { name: 'Try again: lost.png' }).click();
    await storedPicture(page, 'lost.png').waitFor();
    is(await card(page, 'lost.png').locator('.problem').isVisible(), false, 'trying again brings the picture');
    await closePage(page);
});

await group('a firewall in front', async () => {
    const table = [[403, /in front of the application.*status 403/], [413, /too large \(status 413\)/]];
    for (const [status, expected] of table) {
        const page = await openPage();
        page.expectsFailure = true;
        const endpoint = await page.locator('form').getAttribute('data-endpoint');
        await page.route(`**${endpoint}`, (route) =>
            route.fulfill({ status, contentType: 'text/html', body: '<h1>Forbidden</h1>' }));
        await choose(page, picture('wall.png', 20 * KB));
        await inState(page, 'wall.png', 'failed').waitFor();
        matches(await problem(page, 'wall.png'), expected, `${status} is not taken for the application's`);
        await page.unroute(`**${endpoint}`);
        await page.getByRole('button', { name: 'Try again: wall.png' }).click();
        await storedPicture(page, 'wall.png').waitFor();
        ok(true, `after ${status} it can be tried again`);
        await closePage(page);
    }
});

await group('French', async () => {
    const page = await openPage({ locale: 'fr-FR' });
    is(await page.locator('html').getAttribute('lang'), 'fr', 'a French browser gets French');
    is(await page.title(), 'Envoyer des photos', 'the title too');
    await choose(page, picture('été à Tunis.png', 30 * KB));
    await storedPicture(page, 'été à Tunis.png').waitFor();
    const copy = page.getByRole('button', { name: 'Copier l’adresse de été à Tunis.png' });
    is(await copy.innerText(), 'Copier', 'so do the cards');
    await page.getByRole('link', { name: 'English' }).click();
    is(await page.locator('h1').innerText(), 'Your photos, online in a moment', 'English is one click away');
    ok(await storedPicture(page, 'été à Tunis.png').isVisible(), 'and the list stays');
    matches(page.url(), /\?lang=en$/, 'the address keeps the choice');
    await closePage(page);

    const asked = await openPage({ locale: 'en-US' }, '?lang=fr');
    asked.expectsFailure = true;
    is(await asked.locator('h1').innerText(), 'Vos photos en ligne en un instant', '?lang=fr gives French to anyone');
    const request = asked.waitForRequest((each) => each.method() === 'POST');
    await choose(asked, { name: 'faux.png', mimeType: 'image/png', buffer: Buffer.from('faux') });
    is((await (await request).allHeaders())['accept-language'], 'fr', 'the server is asked for French');
    await inState(asked, 'faux.png', 'failed').waitFor();
    await closePage(asked);
});

await group('keyboard only', async () => {
    const page = await openPage();
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
    const tabTo = async (wanted) => {
        for (let presses = 0; presses < 20; presses++) {
            if ((await focused()).split(' ').includes(wanted))
                return true;
            await page.keyboard.press('Tab');
        }
        return false;
    };
    /* Listening begins before the walk with Tab: each step asks the page something, so that by the time of Enter the
     * page has been told to hand its file chooser to us. */
    const chooser = page.waitForEvent('filechooser');
    chooser.catch(() => {});        // it is awaited below; a failure before that is told by the failing check
    ok(await tabTo('photos'), 'Tab reaches the drop zone');
    const outline = await page.locator('.zone').evaluate((node) => getComputedStyle(node).outlineStyle);
    is(outline, 'solid', 'which shows the focus');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles([picture('keys.png', 30 * KB)]);
    await storedPicture(page, 'keys.png').waitFor();
    ok(await tabTo('copy'), 'Tab reaches the Copy button');
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await page.keyboard.press('Enter');
    await page.getByText('Copied', { exact: true }).first().waitFor();
    ok(true, 'Enter copies the address, even without the clipboard interface');
    await page.evaluate(() => document.addEventListener('paste', (event) => {
        window.pasted = event.clipboardData.getData('text/plain');
    }));
    await page.keyboard.press('Control+v');
    const address = await page.locator('input.address').inputValue();
    is(await page.evaluate(() => window.pasted), address, 'it is on the clipboard');
    ok(await tabTo('remove'), 'Tab reaches the cross');
    await page.keyboard.press('Enter');
    is(await page.locator('.card').count(), 0, 'Enter removes the card');
    is(await focused(), 'photos', 'and the focus goes back to the zone');
    await closePage(page);
});

await group('dropped and pasted', async () => {
    const page = await openPage();
    const bring = (type, name, contents) => page.evaluate(([type, name, base64]) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: 'image/png' }));
        document.body.dispatchEvent(type === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
            : new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, [type, name, contents.buffer.toString('base64')]);
    const image = picture('x.png', 20 * KB);
    await bring('dragover', 'dropped.png', image);
    is(await page.locator('form.dragging').count(), 1, 'the zone shows that it takes the file');
    await bring('drop', 'dropped.png', image);
    is(await page.locator('form.dragging').count(), 0, 'and calms down');
    await storedPicture(page, 'dropped.png').waitFor();
    ok(true, 'a dropped file arrives');
    await bring('paste', 'pasted.png', image);
    await storedPicture(page, 'pasted.png').waitFor();
    ok(true, 'a pasted file arrives');
    await closePage(page);
});

await group('a narrow phone, and names for everything', async () => {
    const page = await openPage({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
    page.expectsFailure = true;
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    is(await width(), 320, 'the empty page does not scroll sideways');
    const long = 'a-very-long-name-without-a-single-space-in-it-as-cameras-and-downloads-give-them-2024-07-14.png';
    await setLine(page, { upload: 100 * KB });
    await choose(page, picture(long, 1 * MB), picture('second.png', 1 * MB),
        { name: 'no.php', mimeType: 'application/x-php', buffer: Buffer.from('<?php') });
    await inState(page, 'second.png', 'sending').waitFor();
    is(await width(), 320, 'nor while uploading');
    await checkNames(page, 'while uploading');
    await checkTargets(page, 'while uploading');
    await setLine(page, {});
    await storedPicture(page, long).waitFor();
    await storedPicture(page, 'second.png').waitFor();
    is(await width(), 320, 'nor with results and problems');
    await checkNames(page, 'at the end');
    await checkTargets(page, 'at the end');
    await closePage(page);
});

await group('the policy of the page', async () => {
    const page = await openPage();
    const policy = (await (await page.request.get(`${BASE}/`)).headers())['content-security-policy'] ?? '';
    matches(policy, /default-src 'none'.*frame-ancestors 'none'/, 'the server sends the Content-Security-Policy');
    ok(!policy.includes('unsafe'), 'with nothing unsafe in it');
    await closePage(page);
});

is(trouble.join('\n'), '', 'no script error, no complaint in the console, no request to another host in all of this');
await closeBrowser();
done();
