/* One file that the visitor chose, and where it stands. */

import { Meter } from './meter.js';

/* States: "waiting" for its turn, "sending", "saving" (all sent, no answer yet), then one of
 * "stored" (see result), "failed" (see problem; may be tried again), "refused" (not worth sending), "cancelled". */
export class Item {
    constructor(file) {
        this.file = file;
        this.name = file.name;
        this.state = 'waiting';
        this.meter = new Meter(file.size, performance.now());
        this.result = null;
        this.problem = null;
        this.transfer = null;
    }

    get isActive() {
        return ['waiting', 'sending', 'saving'].includes(this.state);
    }

    get isMoving() {
        return this.state === 'sending' || this.state === 'saving';
    }

    get canRetry() {
        return this.state === 'failed' || this.state === 'cancelled';
    }

    wait() {
        this.state = 'waiting';
        this.problem = null;
        this.meter = new Meter(this.file.size, performance.now());
    }

    begin(transfer) {
        this.state = 'sending';
        this.meter = new Meter(this.file.size, performance.now());
        this.transfer = transfer;
    }

    /* outcome: {state, …} as a transfer or a check gives it. */
    end(outcome) {
        this.state = outcome.state;
        this.problem = outcome.problem ?? null;
        this.result = outcome.state === 'stored' ? outcome : null;
        this.transfer = null;
    }
}
