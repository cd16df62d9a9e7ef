/* What is shown of one file: picture, name, progress while it travels, address or problem at the end. */

import { copyFrom } from './clipboard.js';
import { element, firstVisibleButton, setText } from './dom.js';
import { size } from './format.js';
import { Readings } from './readings.js';
import { text } from './texts.js';
import { Thumbnail } from './thumbnail.js';

const COPIED_FOR = 2000;        // ms that the Copy button says so

export class Card {
    #item;
    #thumbnail;
    #readings = new Readings();
    #details = element('span', { class: 'details' });
    #status = element('p', { class: 'status' });
    #problem = element('p', { class: 'problem' });
    #note = element('p', { class: 'note' });
    #address = element('input', { class: 'address', type: 'text', readonly: true, spellcheck: 'false' });
    #open = element('a', { class: 'button', target: '_blank', rel: 'noopener' });
    #result;
    #buttons;
    #copyLabel = 'copy';
    #isShown = true;

    /* on: {cancel, retry, remove, say}; each is called with the item, say() with a sentence to be read aloud. */
    constructor(item, on) {
        this.#item = item;
        this.#thumbnail = new Thumbnail(item.file);
        this.#buttons = {
            copy: button('copy', () => this.#copy(on.say)),
            cancel: button('cancel cross', () => on.cancel(item)),
            retry: button('retry', () => on.retry(item)),
            remove: button('remove cross', () => on.remove(item)),
        };
        this.#result = element('div', { class: 'result' }, this.#address, this.#buttons.copy, this.#open);
        this.#address.addEventListener('focus', () => this.#address.select());

        const file = element('span', { class: 'file', title: item.name }, item.name);
        const name = element('p', { class: 'name' }, file, this.#details);
        const body = element('div', { class: 'body' }, name, this.#readings.bar, this.#readings.line, this.#status,
            this.#problem, this.#result, this.#note, this.#buttons.retry);
        this.node = element('li', { class: 'card' },
            this.#thumbnail.node, body, this.#buttons.cancel, this.#buttons.remove);
    }

    /* Called once, when the file is stored. */
    async showStored() {
        const { shownUrl, type } = this.#item.result;
        if (type.startsWith('image/'))
            this.#isShown = await this.#thumbnail.showStored(shownUrl, this.#item.name);
        this.render();
    }

    release() {
        this.#thumbnail.release();
    }

    render() {
        const item = this.#item;
        const { copy, cancel, retry, remove } = this.#buttons;
        const hadFocus = this.node.contains(document.activeElement);

        this.node.dataset.state = item.state;
        setText(this.#details, this.#describe());
        this.#readings.bar.hidden = this.#readings.line.hidden = !item.isMoving;
        if (item.isMoving)
            this.#showProgress(performance.now());
        show(this.#status, { waiting: text('waiting'), cancelled: text('cancelled') }[item.state]);
        show(this.#problem, item.problem?.());
        show(this.#note, this.#noteText());
        this.#showResult();

        setText(copy, text(this.#copyLabel));
        setText(retry, text('retry'));
        nameFully(copy, text('copyName', item));
        nameFully(retry, text('retryName', item));
        nameFully(cancel, text('cancelName', item));
        nameFully(remove, text('removeName', item));
        cancel.hidden = !item.isActive;
        retry.hidden = !item.canRetry;
        remove.hidden = item.isActive;
        if (hadFocus && document.activeElement?.hidden !== false)
            firstVisibleButton(this.node)?.focus();
    }

    #describe() {
        const { width, height } = this.#item.result ?? {};
        const dimensions = width > 0 && height > 0 ? `${width} × ${height} · ` : '';
        return dimensions + size(this.#item.file.size);
    }

    #showProgress(now) {
        const { meter, name, state } = this.#item;
        this.#readings.show({
            name: text('progressOf', { name }), loaded: meter.loaded, total: meter.total,
            bytesPerSecond: meter.rate(now), secondsLeft: meter.secondsLeft(now), isSaving: state === 'saving',
        });
    }

    #showResult() {
        const result = this.#item.result;
        this.#result.hidden = result === null;
        if (result === null)
            return;
        this.#address.value = result.url;
        this.#open.href = result.url;
        setText(this.#open, text('open'));
        nameFully(this.#address, text('address', this.#item));
        nameFully(this.#open, text('openName', this.#item));
    }

    #noteText() {
        if (this.#item.result?.queued)
            return text('queued');
        return this.#isShown ? undefined : text('notShown');
    }

    async #copy(say) {
        this.#copyLabel = await copyFrom(this.#address) ? 'copied' : 'copyByHand';
        this.render();
        say(text(this.#copyLabel));
        setTimeout(() => {
            this.#copyLabel = 'copy';
            this.render();
        }, COPIED_FOR);
    }
}

function button(name, action) {
    const made = element('button', { type: 'button', class: `button ${name}` });
    made.addEventListener('click', action);
    return made;
}

/* Which file a control is about is plain to see; it must be heard too. */
function nameFully(control, name) {
    control.setAttribute('aria-label', name);
    control.title = name;
}

function show(node, sentence) {
    node.hidden = !sentence;
    setText(node, sentence ?? '');
}
