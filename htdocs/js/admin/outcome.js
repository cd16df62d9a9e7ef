/* A plan or a run while it is made and when it has ended: totals, progress, what is in the way, the buttons that lead
 * on, and the results. */

import { element, setText } from '../dom.js';
import { size } from '../format.js';
import { Meter } from '../meter.js';
import { Readings } from '../readings.js';
import { language, onLanguage, text } from '../texts.js';
import { countTitle, describeRequest } from './commands.js';
import { button, show } from './parts.js';
import { ResultsView } from './results.js';

export class Outcome {
    #section;
    #title;
    #job = null;
    #applies;               // whether there is more to the command than its plan
    #state = 'idle';        // idle, busy, stopping
    #problem = null;
    #startedAt;             // ms on the clock of performance.now()
    #meter = null;
    #reading = null;        // of the last answer
    #sum = element('p', { class: 'sum' });
    #note = element('p', { class: 'note' });
    #bad = element('p', { class: 'problem', role: 'alert', hidden: true });
    #readings = new Readings();
    #count = element('p', { class: 'readings count' });
    #buttons;
    #results = new ResultsView();

    /* on: {run, stop, goOn}. */
    constructor(section, on) {
        this.#section = section;
        this.#title = section.querySelector('h2');
        this.#buttons = {
            run: button('primary run', on.run), goOn: button('primary go-on', on.goOn), stop: button('stop', on.stop),
        };
        section.append(this.#sum, this.#readings.bar, this.#count, this.#readings.line, this.#note, this.#bad,
            element('div', { class: 'line' }, ...Object.values(this.#buttons)), this.#results.node);
        onLanguage(() => this.render());
    }

    /* A job begins. */
    show(job, applies, now) {
        this.#job = job;
        this.#applies = applies;
        this.#startedAt = now;
        this.#meter = null;
        this.#reading = null;
        this.#section.hidden = false;
        this.#results.show(job);
        this.report('busy', null);
        this.#title.focus();
    }

    clear() {
        this.#job = null;
        this.#section.hidden = true;
        this.#results.show(null);
    }

    /* state: busy (a request is under way), stopping or idle; problem: what stopped it, or null. */
    report(state, problem) {
        const wasBusy = this.#state !== 'idle';
        this.#state = state;
        this.#problem = problem;
        if (wasBusy && state === 'idle')
            this.#results.render();
        this.render();
    }

    /* An answer has come: the time to look at the clock. */
    measure(now) {
        const progress = this.#job.progress;
        if (progress === null)
            return;
        this.#meter ??= new Meter(progress.bytes, this.#startedAt);
        this.#meter.total = progress.bytes;
        this.#meter.update(progress.bytesDone, now);
        this.#reading = { bytesPerSecond: this.#meter.rate(now), secondsLeft: this.#meter.secondsLeft(now) };
    }

    /* What a screen reader is told at the end. */
    get sentence() {
        return `${this.#title.textContent}. ${this.#sum.textContent}`;
    }

    /* The same in the words of a plan, for the question before a run. */
    get planLines() {
        return [text('confirm', { what: describeRequest(this.#job.request) }), this.#totals(),
            ...this.#job.isPartial ? [text('partial')] : []];
    }

    render() {
        if (this.#job === null)
            return;
        const hadFocus = this.#section.contains(document.activeElement);
        setText(this.#title, this.#titleText());
        setText(this.#sum, this.#totals());
        show(this.#bad, this.#problem?.text());
        show(this.#note, this.#noteText());
        this.#renderProgress();
        this.#renderButtons();
        if (hadFocus && document.activeElement?.hidden !== false)
            this.#title.focus();
    }

    #titleText() {
        const { request, apply, isDone, isPartial } = this.#job;
        const what = describeRequest(request);
        if (this.#state !== 'idle')
            return text(apply ? 'running' : 'planning', { what });
        return text(!isDone && !isPartial ? 'stopped' : apply ? 'ended' : 'planned', { what });
    }

    #totals() {
        const { planned, migrated, skipped, failed, seen, bytes } = this.#job.totals;
        const number = (value) => new Intl.NumberFormat(language()).format(value);
        const count = number(this.#job.apply ? migrated : planned);
        const values = { count, size: size(bytes) };
        return [countTitle(this.#job.apply ? 'done' : 'todo', this.#job.request.command, values),
            text('leftAlone', { count: number(skipped) }), text('failedCount', { count: number(failed) }),
            text('looked', { count: number(seen) })].join(' · ');
    }

    #noteText() {
        const { apply, isDone, isPartial, totals } = this.#job;
        if (this.#state === 'stopping')
            return text('stopping');
        if (this.#state === 'busy' || this.#problem !== null)
            return null;
        if (isPartial)
            return text('partial');
        if (!isDone)
            return text('stoppedNote');
        return !apply && totals.planned === 0 ? text('nothing') : null;
    }

    #renderProgress() {
        const progress = this.#job.progress;
        const isBusy = this.#state !== 'idle';
        const knows = isBusy && progress !== null;
        const weighs = knows && progress.bytes > 0;
        this.#readings.bar.hidden = !isBusy;
        this.#readings.line.hidden = !weighs;
        this.#count.hidden = !knows;
        if (knows)
            setText(this.#count, text('countOf', { done: progress.filesDone, count: progress.files }));
        if (weighs) {
            this.#readings.show({
                name: text('progressRun'), loaded: progress.bytesDone, total: progress.bytes, isSaving: false,
                ...this.#reading ?? { bytesPerSecond: NaN, secondsLeft: NaN },
            });
        }
        else if (knows) {
            this.#readings.showCount(text('progressRun'), progress.filesDone, progress.files);
        }
        else if (isBusy) {
            this.#readings.bar.removeAttribute('value');
            this.#readings.bar.setAttribute('aria-label', text('progressRun'));
            this.#readings.bar.removeAttribute('aria-valuetext');
        }
    }

    #renderButtons() {
        const { apply, isDone, isPartial, totals } = this.#job;
        const isBusy = this.#state !== 'idle';
        const canRun = !apply && this.#applies && (isDone || isPartial) && totals.planned > 0;
        for (const name of ['run', 'stop', 'goOn'])
            setText(this.#buttons[name], text(name));
        this.#buttons.run.hidden = isBusy || !canRun;
        this.#buttons.stop.hidden = this.#state !== 'busy';
        this.#buttons.goOn.hidden = isBusy || isDone || isPartial;
    }
}
