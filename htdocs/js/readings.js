/* The line of numbers beside a progress bar: per cent, speed, time left, amount. */

import { element, setText } from './dom.js';
import { amount, duration, percent, rate } from './format.js';
import { text } from './texts.js';

export class Readings {
    #percent = element('span', { class: 'percent' });
    #rate = element('span', { class: 'rate' });
    #left = element('span', { class: 'left' });
    #amount = element('span', { class: 'amount' });

    constructor() {
        this.bar = element('progress', { max: 1, value: 0 });
        this.line = element('p', { class: 'readings' }, this.#percent, this.#left, this.#rate, this.#amount);
    }

    /* The bar alone, for work that is counted and not weighed. */
    showCount(name, count, total) {
        const fraction = total > 0 ? Math.min(count / total, 1) : 1;

        this.bar.value = fraction;
        this.bar.setAttribute('aria-label', name);
        this.bar.setAttribute('aria-valuetext', percent(fraction));
    }

    /* {name, loaded, total, bytesPerSecond, secondsLeft, isSaving}; a rate may be NaN (not known yet), a time
     * Infinity. */
    show(reading) {
        const fraction = reading.total > 0 ? reading.loaded / reading.total : 1;
        const left = reading.isSaving ? text('saving') : timeLeft(reading.secondsLeft);
        const knowsRate = reading.bytesPerSecond > 0 && !reading.isSaving;

        this.bar.value = fraction;
        this.bar.setAttribute('aria-label', reading.name);
        this.bar.setAttribute('aria-valuetext', `${percent(fraction)}, ${left}`);
        this.bar.classList.toggle('saving', reading.isSaving);
        setText(this.#percent, percent(fraction));
        setText(this.#rate, knowsRate ? rate(reading.bytesPerSecond) : '');
        setText(this.#left, left);
        setText(this.#amount, amount(reading.loaded, reading.total));
    }
}

function timeLeft(seconds) {
    if (Number.isNaN(seconds))
        return text('starting');
    return seconds === Infinity ? text('stalled') : text('left', { time: duration(seconds) });
}
