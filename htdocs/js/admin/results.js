/* The items of a plan or a run as a table, with a filter, and as a file. */

import { element, setText } from '../dom.js';
import { onLanguage, text } from '../texts.js';
import { badge, button, table } from './parts.js';

const ROWS = 200;           // shown at once; a run may have a hundred thousand
const SAVING = 10000;       // ms until the file of a download may go
const STATUSES = ['planned', 'migrated', 'skipped', 'failed'];
const COLUMNS = ['record', 'from', 'to', 'problem', 'mend', 'error'];
const ALWAYS = ['from', 'to', 'error'];

export class ResultsView {
    #job = null;
    #rows = ROWS;
    #title = element('h3');
    #statusTitle = element('span');
    #status = element('select', { class: 'field', name: 'status' });
    #searchTitle = element('span');
    #search = element('input', { class: 'field', type: 'search', name: 'search', spellcheck: 'false' });
    #shown = element('p', { class: 'note', role: 'status' });
    #body = element('div');
    #more = button('more', () => this.#showMore());
    #download = button('download', () => this.#save());

    constructor() {
        const filter = element('div', { class: 'line filter' },
            element('label', {}, this.#statusTitle, ' ', this.#status),
            element('label', {}, this.#searchTitle, ' ', this.#search), this.#download);
        this.node = element('div', { class: 'results', hidden: true },
            this.#title, filter, this.#shown, this.#body, this.#more);
        for (const field of [this.#status, this.#search])
            field.addEventListener('input', () => this.#filter());
        onLanguage(() => this.render());
    }

    show(job) {
        this.#job = job;
        this.#rows = ROWS;
        this.#search.value = '';
        this.#status.value = '';
        this.render();
    }

    render() {
        const items = this.#job?.items ?? [];
        this.node.hidden = items.length === 0;
        if (items.length === 0)
            return;
        setText(this.#title, text('results'));
        setText(this.#statusTitle, text('show'));
        setText(this.#searchTitle, text('search'));
        setText(this.#more, text('more'));
        setText(this.#download, text('download'));
        this.#renderStatuses();
        this.#renderRows(items);
    }

    #renderStatuses() {
        const { totals } = this.#job;
        const before = this.#status.value;
        this.#status.replaceChildren(element('option', { value: '' }, text('all')),
            ...STATUSES.filter((name) => totals[name] > 0).map((name) =>
                element('option', { value: name }, `${text(`status${name}`)} (${totals[name]})`)));
        this.#status.value = before;
        if (this.#status.selectedIndex < 0)
            this.#status.value = '';
    }

    #renderRows(items) {
        const found = items.filter((item) => isWanted(item, this.#status.value, this.#search.value));
        const columns = COLUMNS.filter((name) => ALWAYS.includes(name) || items.some((item) => item[name] != null));
        const rows = found.slice(0, this.#rows);
        setText(this.#shown, text('shown', { shown: rows.length, count: items.length }));
        this.#body.replaceChildren(table(text('results'), ['status', ...columns].map((name) => text(name)),
            rows.map((item) => [badge(item.status, statusName(item)), ...columns.map((name) => cell(item, name))])));
        this.#more.hidden = found.length <= this.#rows;
    }

    #filter() {
        this.#rows = ROWS;
        this.#renderRows(this.#job.items);
    }

    #showMore() {
        this.#rows += ROWS;
        this.#renderRows(this.#job.items);
        if (this.#more.hidden)
            this.#body.firstElementChild.focus();
    }

    #save() {
        const { results } = this.#job;
        const file = new Blob([`${JSON.stringify(results, null, 4)}\n`], { type: 'application/json' });
        const address = URL.createObjectURL(file);
        element('a', { href: address, download: `${results.run ?? results.command ?? 'results'}.json` }).click();
        setTimeout(() => URL.revokeObjectURL(address), SAVING);
    }
}

/* The filter looks at every text of an item, whatever its case. */
export function isWanted(item, status, search) {
    const wanted = search.trim().toLowerCase();
    return (status === '' || item.status === status)
        && (wanted === '' || COLUMNS.some((name) => String(item[name] ?? '').toLowerCase().includes(wanted)));
}

function statusName({ status }) {
    return STATUSES.includes(status) ? text(`status${status}`) : status;
}

function cell(item, name) {
    if (name === 'to' && item.status === 'migrated' && /^https?:/.test(item.url ?? ''))
        return element('a', { href: item.url, target: '_blank', rel: 'noreferrer' }, item.to ?? item.url);
    return item[name];
}
