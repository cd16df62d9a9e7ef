/* The small picture of a file: the visitor's own at first, the stored one from its public address at last. */

import { element } from './dom.js';

export class Thumbnail {
    #local = null;          // object URL of the visitor's file; revoked when no longer shown
    #image = element('img', { alt: '', decoding: 'async' });

    constructor(file) {
        this.node = element('div', { class: 'thumbnail' });
        if (!file.type.startsWith('image/'))
            return;
        this.#local = URL.createObjectURL(file);
        this.#image.addEventListener('load', () => this.node.replaceChildren(this.#image), { once: true });
        this.#image.src = this.#local;
    }

    /* Shows what the address gives; resolves to false, and keeps the visitor's own, when that is no picture. */
    async showStored(url, description) {
        const stored = element('img', { src: url, alt: description, class: 'stored' });
        try {
            await stored.decode();
        }
        catch {
            return false;
        }
        this.node.replaceChildren(stored);
        this.release();
        return true;
    }

    release() {
        if (this.#local !== null)
            URL.revokeObjectURL(this.#local);
        this.#local = null;
    }
}
