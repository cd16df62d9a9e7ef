/* What a page owes to those who do not see it, or hit it with a thumb. */

import { is } from './tap.js';

/* Every control, bar and picture has a name for those who cannot see it. */
export async function checkNames(page, when) {
    const nameless = await page.evaluate(() => {
        const isShown = (node) => node.getClientRects().length > 0;
        const labels = (node) => [...(node.labels ?? [])].map((each) => each.innerText).join('');
        const contents = (node) => node.matches('input, select, progress') ? '' : node.innerText;
        const name = (node) => node.getAttribute('aria-label') || labels(node) || contents(node);
        const controls = [...document.querySelectorAll('input, select, button, a, progress')].filter(isShown);
        return controls.filter((node) => !name(node).trim()).map((node) => node.outerHTML)
            .concat([...document.querySelectorAll('img:not([alt])')].map((node) => node.outerHTML));
    });
    is(nameless.join('\n'), '', `every control has a name ${when}`);
    const silent = await page.locator('progress:visible').evaluateAll((bars) =>
        bars.filter((bar) => !/\d%/.test(bar.getAttribute('aria-valuetext'))).length);
    is(silent, 0, `every bar says its per cent ${when}`);
    const twice = await page.evaluate(() => {
        const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
        return ids.filter((id, place) => ids.indexOf(id) !== place).join();
    });
    is(twice, '', `no id is given twice ${when}`);
}

/* 44 CSS pixels: what a thumb can hit. */
export async function checkTargets(page, when) {
    const small = await page.locator('button:visible, a:visible').evaluateAll((all) => all
        .map((node) => ({ html: node.outerHTML, box: node.getBoundingClientRect() }))
        .filter(({ box }) => Math.min(Math.round(box.width), Math.round(box.height)) < 44)
        .map(({ html, box }) => `${html} ${box.width} x ${box.height}`));
    is(small.join('\n'), '', `every button can be hit ${when}`);
}
