/* The line above the list: how all files of this batch stand, with one bar and one button for them all. */

import { element, setText } from './dom.js';
import { Readings } from './readings.js';
import { text } from './texts.js';
import { secondsLeft } from './meter.js';

export class Summary {
    #readings = new Readings();
    #title = element('h2', { tabindex: '-1' });
    #cancel = element('button', { type: 'button', class: 'button cancel-all' });

    constructor(cancelAll) {
        this.#cancel.addEventListener('click', cancelAll);
        this.node = element('section', { class: 'summary', hidden: true },
            element('div', { class: 'summary-head' }, this.#title, this.#cancel),
            this.#readings.bar, this.#readings.line);
    }

    /* items: those that were chosen since nothing was under way. */
    render(items) {
        const isBusy = items.some((item) => item.isActive);
        const hadFocus = document.activeElement === this.#cancel;
        this.node.hidden = items.length < 2;
        setText(this.#title, tally(items));
        setText(this.#cancel, text('cancelAll'));
        this.#cancel.hidden = this.#readings.bar.hidden = this.#readings.line.hidden = !isBusy;
        if (isBusy)
            this.#readings.show({ name: text('progressAll'), ...total(items, performance.now()) });
        if (hadFocus && !isBusy)
            this.#title.focus();
    }
}

/* "2 of 3 online" */
export function tally(items) {
    const done = items.filter((item) => item.state === 'stored').length;
    const failed = items.filter((item) => !item.isActive).length - done;
    return text(failed > 0 ? 'summaryFailed' : 'summary', { done, count: items.length, failed });
}

/* The sum of what is stored or still to be; files that failed or were cancelled are out of it. */
export function total(items, now) {
    const counted = items.filter((item) => item.isActive || item.state === 'stored');
    const sum = (list, value) => list.reduce((before, item) => before + value(item), 0);
    const size = sum(counted, (item) => item.file.size);
    const loaded = sum(counted, (item) => item.state === 'stored' ? item.file.size : item.meter.loaded);
    const rates = counted.filter((item) => item.state === 'sending').map((item) => item.meter.rate(now));
    const known = rates.filter((rate) => !Number.isNaN(rate));
    const bytesPerSecond = known.length > 0 ? known.reduce((before, rate) => before + rate, 0) : NaN;
    return {
        loaded, total: size, bytesPerSecond, secondsLeft: secondsLeft(size - loaded, bytesPerSecond),
        isSaving: loaded >= size,
    };
}
