/* The runs that were made, with a button that plans to take one back. */

import { element } from '../dom.js';
import { language, onLanguage, text } from '../texts.js';
import { button, table } from './parts.js';

export class RunsView {
    #runs = [];
    #undo;
    #body = element('div');
    #isBusy = false;
    #canUndo = false;

    /* undo(run) is called with an entry of the list. */
    constructor(section, undo) {
        this.#undo = undo;
        section.append(this.#body);
        onLanguage(() => this.#render());
    }

    /* runs: [{run, command, collection, started, migrated, undone}], newest first; null values for what is unknown. */
    show(runs, canUndo) {
        this.#runs = runs;
        this.#canUndo = canUndo;
        this.#render();
    }

    set isBusy(isBusy) {
        this.#isBusy = isBusy;
        for (const each of this.#body.querySelectorAll('button'))
            each.disabled = isBusy;
    }

    #render() {
        if (this.#runs.length === 0) {
            this.#body.replaceChildren(element('p', { class: 'note' }, text('noRuns')));
            return;
        }
        this.#body.replaceChildren(table(text('runs'),
            [text('when'), text('command'), text('collection'), text('statusmigrated'), text('undo')],
            this.#runs.map((run) => [when(run), run.command, run.collection, run.migrated, this.#undoCell(run)])));
    }

    #undoCell(run) {
        if (run.undone)
            return text('undone');
        if (!this.#canUndo || run.command === 'undo')
            return '';
        const made = button('undo', () => this.#undo(run));
        made.append(text('undo'));
        made.setAttribute('aria-label', text('undoName', run));
        made.disabled = this.#isBusy;
        return made;
    }
}

/* The time as people write it; the id has it, to the second, where nothing else does. */
function when({ run, started }) {
    const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/.exec(run) ?? [];
    const time = new Date(started ?? Date.UTC(parts[0], parts[1] - 1, ...parts.slice(2)));
    const shown = Number.isNaN(time.getTime()) ? run
        : new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'medium' }).format(time);
    return element('span', { title: run }, shown);
}
