/* What the endpoint accepts, as its GET tells, and the check of a file before a byte of it is sent.
 *
 * The server checks everything again, by the bytes; here a refusal is only there to save the visitor's time. So a
 * file whose type the browser does not know is sent. "max_files" counts the files of one request, and each file
 * travels in a request of its own: it matters here only when it is one. */

import { text } from './texts.js';
import { size, typeNames } from './format.js';

const PATIENCE = 10000;     // ms; without an answer in this time the server alone decides

const NONE = { accept: [], maxSize: Infinity, single: false, token: null };

/* Never fails: without a usable answer nothing is limited here. */
export async function readLimits(endpoint) {
    try {
        const answer = await fetch(endpoint, {
            headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE),
        });
        return answer.ok ? limitsFrom(await answer.json()) : NONE;
    }
    catch {
        return NONE;
    }
}

export function limitsFrom(told) {
    return {
        accept: Array.isArray(told.accept) ? told.accept : [],
        maxSize: told.max_size > 0 ? told.max_size : Infinity,
        single: told.max_files === 1,
        token: told.csrf ?? null,
    };
}

/* Whether a media type is in the list, which may hold "image/*" and may be empty for "all". */
export function isAccepted(type, accept) {
    return accept.length === 0 || type === ''
        || accept.some((entry) => entry === type || entry === '*/*' || entry === `${type.split('/')[0]}/*`);
}

/* Why this file need not be sent, as a function that says it in the language of the moment; null when it may be. */
export function refusal(file, limits) {
    if (file.isFolder)
        return () => text('folder');
    if (file.size === 0)
        return () => text('emptyFile');
    if (!isAccepted(file.type, limits.accept))
        return () => text('wrongType', { types: typeNames(limits.accept) });
    if (file.size > limits.maxSize)
        return () => text('tooLarge', { size: size(file.size), limit: size(limits.maxSize) });
    return null;
}

/* The line under the drop zone. */
export function describeLimits(limits) {
    if (limits.maxSize === Infinity)
        return typeNames(limits.accept);
    const values = { types: typeNames(limits.accept), size: size(limits.maxSize) };
    return text(limits.accept.length > 0 ? 'limits' : 'limitsSize', values);
}
