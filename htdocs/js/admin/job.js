/* One piece of work for migrate.cgi, a plan or a real run: it takes several requests, each of which works for some
 * seconds, and this is what they add up to. */

const STEP = 4;             // seconds that a request is to work, so that the bar moves

export class Job {
    #items = new Map();     // name -> item, in order of appearance
    #passed = 0;            // items that are as they should be: counted and not listed
    #continue;              // where the next request goes on, when the program says so
    #progress = null;       // the program's own
    #head = null;           // the first answer without its items

    /* request: {command, collection, …options}; plan: the finished plan, which makes this a real run. */
    constructor(request, plan = null) {
        this.request = request;
        this.apply = plan !== null;
        this.plan = plan;
        this.isDone = false;
        this.isPartial = false;     // a plan that cannot be gone on with
        this.isStuck = false;       // the last request brought nothing new
        this.runs = new Set();      // ids: one, or one for each request
    }

    /* The body of the next request. */
    get next() {
        return { ...this.request, apply: this.apply, max_time: STEP, continue: this.#continue };
    }

    /* An answer has come. */
    add(answer) {
        const goesOn = this.#continue !== undefined;
        const items = answer.items ?? [];
        const passed = Math.max(0, (answer.totals?.seen ?? 0) - items.length);
        const isNew = goesOn ? this.#append(items) : this.#merge(items);

        this.#passed = goesOn ? this.#passed + passed : passed;
        this.#progress = answer.progress ?? null;
        this.#head ??= { ...answer, items: undefined };
        this.isDone = answer.done !== false;
        this.isStuck = !this.isDone && !isNew && answer.continue === this.#continue;
        this.#continue = answer.continue ?? undefined;
        this.isPartial = !this.isDone && !this.apply && this.#continue === undefined;
        if (answer.run)
            this.runs.add(answer.run);
    }

    #append(items) {
        for (const item of items)
            this.#items.set(this.#items.size, item);
        return items.length > 0;
    }

    /* Requests that begin from the start list what the ones before moved as skipped. Whether something is new. */
    #merge(items) {
        const times = new Map();
        let isNew = false;
        for (const item of items) {
            const key = JSON.stringify([item.record, item.from ?? item.to, item.problem]);
            const time = times.get(key) ?? 0;
            const name = `${time} ${key}`;
            const known = this.#items.get(name);
            times.set(key, time + 1);
            if (known?.status === 'migrated' && item.status === 'skipped')
                continue;
            isNew ||= known?.status !== item.status;
            this.#items.set(name, item);
        }
        return isNew;
    }

    get items() {
        return [...this.#items.values()];
    }

    get totals() {
        const seen = this.#items.size + this.#passed;
        const totals = { seen, planned: 0, migrated: 0, skipped: 0, failed: 0, bytes: 0 };
        for (const { status, size } of this.#items.values()) {
            totals[status]++;
            if (status === 'planned' || status === 'migrated')
                totals.bytes += size ?? 0;
        }
        return totals;
    }

    /* {files, filesDone, bytes, bytesDone}: what the program says, else the plan against what has become of it; null
     * when nothing is known about the whole. */
    get progress() {
        if (this.#progress !== null) {
            const { files, files_done: filesDone, bytes, bytes_done: bytesDone } = this.#progress;
            return { files, filesDone, bytes, bytesDone };
        }
        if (this.plan === null)
            return null;
        const { planned, bytes } = this.plan.totals;
        const { migrated, bytes: bytesDone } = this.totals;
        return {
            files: Math.max(planned, migrated), filesDone: migrated, bytes: Math.max(bytes, bytesDone), bytesDone,
        };
    }

    /* All answers as one, in the shape of a results file. */
    get results() {
        const { planned, ...totals } = this.totals;
        return { ...this.#head, done: this.isDone, totals, runs: [...this.runs], items: this.items };
    }
}
