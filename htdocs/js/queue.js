/* At most so many at a time, first come first served. */

export class Queue {
    #width;
    #run;
    #waiting = [];
    #running = 0;

    /* run(item) returns a promise that settles when the item has had its turn. */
    constructor(width, run) {
        this.#width = width;
        this.#run = run;
    }

    get busy() {
        return this.#running > 0 || this.#waiting.length > 0;
    }

    add(item) {
        this.#waiting.push(item);
        this.#next();
    }

    /* Takes back an item that has not begun; false when it has. */
    remove(item) {
        const place = this.#waiting.indexOf(item);
        if (place >= 0)
            this.#waiting.splice(place, 1);
        return place >= 0;
    }

    #next() {
        while (this.#running < this.#width && this.#waiting.length > 0) {
            this.#running++;
            this.#run(this.#waiting.shift()).finally(() => {
                this.#running--;
                this.#next();
            });
        }
    }
}
