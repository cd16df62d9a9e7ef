/* One file on its way: one POST of its own, with progress, that can be cancelled.
 *
 * XMLHttpRequest, because fetch() tells nothing about how much has been sent. */

import { failed, readAnswer } from './answer.js';
import { language, text } from './texts.js';

const ANSWER_WITHIN = 300000;   // ms from the last byte sent to the answer

/* Sends the file; "on" has progress(bytes) and sent(). Returns {finished, cancel}: the promise finished always
 * resolves, to what readAnswer() gives or to {state: "cancelled"}. */
export function startTransfer(file, { endpoint, field, token }, on) {
    const request = new XMLHttpRequest();
    let timer;

    const finished = new Promise((resolve) => {
        request.upload.addEventListener('progress', (event) => {
            if (event.total > 0)
                on.progress(file.size * event.loaded / event.total);
        });
        request.upload.addEventListener('load', () => {
            timer = setTimeout(() => {
                resolve(failed(() => text('noAnswer')));
                request.abort();
            }, ANSWER_WITHIN);
            on.sent();
        });
        request.addEventListener('load', () => {
            resolve(readAnswer(request.status, request.responseText, document.baseURI));
        });
        request.addEventListener('error', async () => resolve(failed(await networkProblem(file))));
        request.addEventListener('abort', () => resolve({ state: 'cancelled' }));
        request.addEventListener('loadend', () => clearTimeout(timer));
    });

    request.open('POST', endpoint);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Accept-Language', language());
    if (token !== null)
        request.setRequestHeader('X-CSRF-Token', token);
    const form = new FormData();
    form.append(field, file, file.name);
    request.send(form);
    return { finished, cancel: () => request.abort() };
}

/* A file that was moved or deleted since it was chosen fails like a broken connection; tell the two apart. */
async function networkProblem(file) {
    try {
        await file.slice(0, 1).arrayBuffer();
        return () => text('network');
    }
    catch {
        return () => text('unreadable');
    }
}
