/* Requests to health.cgi and migrate.cgi, with the secret.
 *
 * The secret is kept here alone, in memory; it travels in a header of a POST, never in an address, and never to where
 * a redirection points. */

import { language, text } from '../texts.js';

const PATIENCE = 120000;    // ms; a step of migrate.cgi takes 20 s, and one large file more

export class Client {
    #programs;
    #secret = null;

    /* programs: the address of the folder where the programs are. */
    constructor(programs) {
        this.#programs = programs;
    }

    useSecret(secret) {
        this.#secret = headerBytes(secret);
    }

    forget() {
        this.#secret = null;
    }

    health() {
        return this.#post('health.cgi');
    }

    migrate(request) {
        return this.#post('migrate.cgi', JSON.stringify(request));
    }

    /* {answer}, or {problem} as readAnswer() gives it; never fails. */
    async #post(program, body) {
        const address = new URL(program, this.#programs);
        const headers = {
            'Accept': 'application/json', 'Accept-Language': language(), 'X-Media-Secret': this.#secret,
            ...body === undefined ? {} : { 'Content-Type': 'application/json' },
        };
        try {
            const response = await fetch(address, {
                method: 'POST', headers, body, cache: 'no-store', redirect: 'manual',
                signal: AbortSignal.timeout(PATIENCE),
            });
            return response.type === 'opaqueredirect'
                ? failed('redirected', () => text('redirected'))
                : readAnswer(response.status, await response.text(), address.pathname);
        }
        catch (error) {
            return error.name === 'TimeoutError' ? failed('slow', () => text('slow'))
                : failed('network', () => text('network'));
        }
    }
}

/* A header holds bytes: each character of this stands for one byte of UTF-8. */
function headerBytes(secret) {
    return String.fromCharCode(...new TextEncoder().encode(secret.trim()));
}

/* problem: {kind, text}; text() says it in the language of the moment. */
export function failed(kind, sentence) {
    return { problem: { kind, text: sentence } };
}

/* What an answer means. health.cgi answers 503 when something is wrong: that is an answer like any other. */
export function readAnswer(status, body, address) {
    const answer = parse(body);
    if (answer === null)
        return failed('foreign', () => text(foreignKey(status), { status, address }));
    if (!answer.error)
        return { answer };

    const { code, message } = answer.error;
    if (code === 'forbidden')
        return failed('secret', () => text('secretAgain'));
    if (code === 'already_running')
        return failed('busy', () => text('busy'));
    return failed(code === 'usage' ? 'usage' : 'server', () => text('programError', { message: message ?? code }));
}

/* The JSON object of an answer; null for what a firewall or httpd itself says. */
function parse(body) {
    try {
        const value = JSON.parse(body);
        return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
    }
    catch {
        return null;
    }
}

function foreignKey(status) {
    if (status === 404)
        return 'noProgram';
    return status < 500 ? 'inFront' : 'noProgramAnswer';
}
