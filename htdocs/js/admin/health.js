/* health.cgi's checks as a page: the sum, what is wrong with its remedy, and all checks for those who want them. */

import { element, setText } from '../dom.js';
import { onLanguage, text } from '../texts.js';
import { badge, show, table } from './parts.js';

const LEVELS = ['ok', 'warning', 'error'];

export class HealthView {
    #health = null;
    #problem = null;
    #sum = element('p', { class: 'sum' });
    #bad = element('p', { class: 'problem', role: 'alert', hidden: true });
    #problems = element('div');
    #title = element('summary');
    #checks = element('div');
    #all = element('details', {}, this.#title, this.#checks);

    constructor(section) {
        section.append(this.#bad, this.#sum, this.#problems, this.#all);
        onLanguage(() => this.#render());
    }

    /* health: {status, checks: [{name, collection, level, seen, remedy}]}, or null to show nothing. */
    show(health) {
        this.#health = health;
        this.#problem = null;
        this.#render();
    }

    /* There was no answer: what was shown before stays. */
    fail(problem) {
        this.#problem = problem;
        this.#render();
    }

    #render() {
        const checks = this.#health?.checks ?? [];
        const wrong = checks.filter(({ level }) => level !== 'ok');
        const counts = Object.fromEntries(LEVELS.map((name) =>
            [name, checks.filter(({ level }) => level === name).length]));

        show(this.#bad, this.#problem?.text());
        setText(this.#sum, checks.length > 0 ? text('healthSum', counts) : this.#health ? text('healthUnknown') : '');
        setText(this.#title, text('allChecks'));
        this.#all.hidden = checks.length === 0;
        this.#problems.replaceChildren(...wrong.length > 0 ? [tableOf(text('health'), wrong)] : []);
        this.#checks.replaceChildren(...checks.length > 0 ? [tableOf(text('allChecks'), checks)] : []);
    }
}

function tableOf(name, checks) {
    return table(name, ['level', 'collection', 'check', 'seen', 'remedy'].map((key) => text(key)),
        checks.map(({ level, collection, name: check, seen, remedy }) =>
            [badge(level, LEVELS.includes(level) ? text(`level${level}`) : level), collection ?? text('wholeSite'),
                check, seen, remedy]));
}
