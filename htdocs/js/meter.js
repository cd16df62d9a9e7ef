/* How far one upload is, how fast it goes and how long it will still take.
 *
 * Times are milliseconds on any steady clock (performance.now()); they are passed in, so tests need no clock. */

const WINDOW = 4000;        // the rate is an average over this time: calm enough to read, quick enough to trust
const ENOUGH = 300;         // before this a rate would only show how fast the first buffer filled

export class Meter {
    #samples;               // {time, loaded}, oldest first; the first one is the start of the window

    constructor(total, now) {
        this.total = total;
        this.loaded = 0;
        this.#samples = [{ time: now, loaded: 0 }];
    }

    update(loaded, now) {
        this.loaded = Math.min(Math.max(loaded, this.loaded), this.total);
        this.#samples.push({ time: now, loaded: this.loaded });
    }

    /* 0 to 1; an empty file counts as sent. */
    get fraction() {
        return this.total > 0 ? this.loaded / this.total : 1;
    }

    /* Bytes per second over the last WINDOW, 0 when nothing moved in it, NaN while it is too early to say. */
    rate(now) {
        while (this.#samples.length > 1 && this.#samples[1].time <= now - WINDOW)
            this.#samples.shift();
        const start = this.#samples[0];
        const elapsed = now - start.time;
        return elapsed < ENOUGH ? NaN : (this.loaded - start.loaded) * 1000 / elapsed;
    }

    secondsLeft(now) {
        return secondsLeft(this.total - this.loaded, this.rate(now));
    }
}

/* Infinity when nothing moves, NaN while the rate is not known. */
export function secondsLeft(bytes, rate) {
    return bytes > 0 ? bytes / rate : 0;
}
