/* Turns a plain upload form into one that sends each file as it is chosen, and shows how that goes.
 *
 * The form names the endpoint in data-endpoint (else in its action) and the field by its file input. Everything else
 * is made here and put behind the form. */

import { Card } from './card.js';
import { element, firstVisibleButton, setText } from './dom.js';
import { Item } from './item.js';
import { describeLimits, readLimits, refusal } from './limits.js';
import { watchForFiles } from './picker.js';
import { Queue } from './queue.js';
import { Summary, tally } from './summary.js';
import { onLanguage, text } from './texts.js';
import { startTransfer } from './transfer.js';

const AT_A_TIME = 3;
const TICK = 500;           // ms between looks at the clock, so that a standstill shows
const SENTENCES_KEPT = 4;   // in the live region; older ones have been read

export class Uploader {
    #endpoint;
    #input;
    #limits;                // a promise
    #rules = element('p', { class: 'rules' });
    #list = element('ul', { class: 'cards' });
    #live = element('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
    #summary = new Summary(() => this.#cancelAll());
    #queue = new Queue(AT_A_TIME, (item) => this.#send(item));
    #cards = new Map();     // item -> card, in the order of the list
    #batch = [];            // items chosen since nothing was under way
    #ticker = null;

    /* area: where files may be dropped and pasted; the document, or the form when there are several. */
    constructor(form, area) {
        this.#endpoint = form.dataset.endpoint || form.action;
        this.#input = form.querySelector('input[type=file]');
        this.#input.required = false;
        this.#rules.id = `${this.#input.id}-rules`;
        this.#input.setAttribute('aria-describedby', this.#rules.id);
        form.classList.add('enhanced');
        form.append(this.#rules);
        form.after(this.#live, this.#summary.node, this.#list);
        form.addEventListener('submit', (event) => event.preventDefault());

        this.#refreshLimits();
        watchForFiles(form, this.#input, area, (files) => this.add(files));
        onLanguage(() => this.#renderAll());
    }

    async add(files) {
        if (!this.#batch.some((item) => item.isActive))
            this.#batch = [];
        const items = files.map((file) => new Item(file));
        for (const item of items)
            this.#show(item);
        this.#batch.push(...items);
        this.#changed();

        const limits = await this.#limits;
        for (const item of items.filter(({ state }) => state === 'waiting')) {
            const problem = refusal(item.file, limits);
            if (problem === null)
                this.#queue.add(item);
            else
                this.#finish(item, { state: 'refused', problem });
        }
    }

    /* One turn of the queue. */
    async #send(item) {
        const { token } = await this.#limits;
        if (item.state !== 'waiting')
            return;
        const transfer = startTransfer(item.file, { endpoint: this.#endpoint, field: this.#input.name, token }, {
            progress: (loaded) => {
                item.meter.update(loaded, performance.now());
                this.#changed(item);
            },
            sent: () => {
                item.meter.update(item.file.size, performance.now());
                item.state = 'saving';
                this.#changed(item);
            },
        });
        item.begin(transfer);
        this.#changed(item);
        this.#finish(item, await transfer.finished);
    }

    #finish(item, outcome) {
        item.end(outcome);
        this.#changed(item);
        if (item.state === 'stored')
            this.#cards.get(item).showStored();
        if (item.problem !== null)
            this.#say(text('problemWith', { name: item.name, problem: item.problem() }));
        if (!this.#batch.some(({ isActive }) => isActive) && this.#batch.some(({ state }) => state === 'stored'))
            this.#say(this.#batch.length > 1 ? tally(this.#batch) : text('isOnline', { name: item.name }));
    }

    #cancel(item) {
        if (item.transfer !== null)
            item.transfer.cancel();
        else {
            this.#queue.remove(item);
            this.#finish(item, { state: 'cancelled' });
        }
    }

    #cancelAll() {
        for (const item of this.#batch.filter(({ isActive }) => isActive).reverse())
            this.#cancel(item);
    }

    /* The token may have expired, the limits may have been unreachable: both are asked for again. */
    #retry(item) {
        this.#refreshLimits();
        if (!this.#batch.some(({ isActive }) => isActive))
            this.#batch = [];
        if (!this.#batch.includes(item))
            this.#batch.push(item);
        item.wait();
        this.#changed(item);
        this.#queue.add(item);
    }

    #remove(item) {
        const card = this.#cards.get(item);
        const neighbour = card.node.nextElementSibling ?? card.node.previousElementSibling;
        const target = (neighbour && firstVisibleButton(neighbour)) ?? this.#input;
        card.release();
        card.node.remove();
        this.#cards.delete(item);
        this.#batch = this.#batch.filter((other) => other !== item);
        target.focus();
        this.#changed();
    }

    #show(item) {
        const card = new Card(item, {
            cancel: () => this.#cancel(item),
            retry: () => this.#retry(item),
            remove: () => this.#remove(item),
            say: (sentence) => this.#say(sentence),
        });
        this.#cards.set(item, card);
        this.#list.append(card.node);
        card.render();
    }

    /* Something about this item (or about the list, when none is given) is to be shown anew. */
    #changed(item) {
        this.#cards.get(item)?.render();
        this.#summary.render(this.#batch);
        this.#watch(this.#batch.some(({ isActive }) => isActive));
    }

    /* While files are under way the clock runs, and leaving the page asks first. */
    #watch(isBusy) {
        if (isBusy === (this.#ticker !== null))
            return;
        if (isBusy) {
            this.#ticker = setInterval(() => this.#renderMoving(), TICK);
            window.addEventListener('beforeunload', askBeforeLeaving);
        }
        else {
            clearInterval(this.#ticker);
            this.#ticker = null;
            window.removeEventListener('beforeunload', askBeforeLeaving);
        }
    }

    #renderMoving() {
        for (const [item, card] of this.#cards)
            if (item.isMoving)
                card.render();
        this.#summary.render(this.#batch);
    }

    async #refreshLimits() {
        this.#limits = readLimits(this.#endpoint);
        const limits = await this.#limits;
        this.#input.multiple = !limits.single;
        if (limits.accept.length > 0)
            this.#input.accept = limits.accept.join(',');
        this.#renderAll();
    }

    async #renderAll() {
        this.#list.setAttribute('aria-label', text('list'));
        for (const card of this.#cards.values())
            card.render();
        this.#summary.render(this.#batch);
        setText(this.#rules, describeLimits(await this.#limits));
    }

    #say(sentence) {
        this.#live.append(element('p', {}, sentence));
        while (this.#live.childElementCount > SENTENCES_KEPT)
            this.#live.firstElementChild.remove();
    }
}

function askBeforeLeaving(event) {
    event.preventDefault();
    event.returnValue = true;       // what browsers before 2024 look at
}
