/* What the answer to one upload means.
 *
 * Either {state: "stored", url, shownUrl, …} or {state: "failed", problem}, where problem() says why in the language
 * of the moment. An answer that is not ours (a firewall's page, a proxy's error) is recognised and named as such. */

import { text } from './texts.js';

export function readAnswer(status, body, base) {
    const answer = parse(body);
    if (answer === null)
        return failed(() => text(foreignKey(status), { status }));

    const file = answer.files?.[0];
    const error = file?.error ?? answer.error;
    if (error || !file || status >= 400)
        return failed(() => error?.message || text('serverError', { status }));

    const shownUrl = absolute(file.url, base);
    if (shownUrl === null)
        return failed(() => text('serverError', { status }));
    return {
        state: 'stored', shownUrl, url: absolute(file.final_url, base) ?? shownUrl, queued: file.state === 'queued',
        type: file.type ?? '', size: file.size, width: file.width, height: file.height,
    };
}

export function failed(problem) {
    return { state: 'failed', problem };
}

/* The JSON object of an answer of ours, else null. */
function parse(body) {
    try {
        const value = JSON.parse(body);
        return value !== null && typeof value === 'object' && ('files' in value || 'error' in value) ? value : null;
    }
    catch {
        return null;
    }
}

function foreignKey(status) {
    if (status === 413)
        return 'foreignSize';
    return status >= 500 ? 'foreignDown' : 'foreign';
}

function absolute(url, base) {
    try {
        const address = new URL(url || 'none:', base);
        return /^https?:$/.test(address.protocol) ? address.href : null;
    }
    catch {
        return null;
    }
}
