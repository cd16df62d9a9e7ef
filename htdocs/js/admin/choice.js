/* The form in which a collection, a command and its options are chosen. */

import { element, setText } from '../dom.js';
import { onLanguage, text } from '../texts.js';
import { commandTitle, optionTitle } from './commands.js';

export class Choice {
    #form;
    #known = { collections: [], commands: [] };
    #note;
    #options;

    /* chosen(request) is called when a plan is asked for. */
    constructor(form, chosen) {
        this.#form = form;
        this.#note = form.querySelector('.note');
        this.#options = form.querySelector('.options');
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            chosen(this.request);
        });
        for (const name of ['collection', 'command'])
            form.elements[name].addEventListener('change', () => this.#renderOptions());
        onLanguage(() => this.#render());
    }

    /* known: as readCommands() gives it. undo is chosen from the list of runs. */
    offer(known) {
        this.#known = { ...known, commands: known.commands.filter(({ name }) => name !== 'undo') };
        this.#render();
    }

    set isBusy(isBusy) {
        this.#form.querySelector('fieldset').disabled = isBusy;
    }

    /* {command, collection, …options}; what is left empty is left out. */
    get request() {
        const { command, collection } = this.#form.elements;
        const request = { command: command.value };
        if (collection.value !== '')
            request.collection = collection.value;
        for (const field of this.#options.querySelectorAll('[name]')) {
            if (field.type === 'checkbox' ? field.checked : field.value !== '')
                request[field.name] = valueOf(field);
        }
        return request;
    }

    get #command() {
        return this.#known.commands.find(({ name }) => name === this.#form.elements.command.value);
    }

    #render() {
        const { collection, command } = this.#form.elements;
        fill(collection, this.#known.collections.map(({ name }) => [name, name]));
        fill(command, this.#known.commands.map((each) => [each.name, commandTitle(each)]));
        collection.parentNode.hidden = this.#known.collections.length === 0;
        this.#renderOptions();
    }

    /* What was entered stays where the option is there again. */
    #renderOptions() {
        const before = this.request;
        const sources = this.#known.collections
            .find(({ name }) => name === this.#form.elements.collection.value)?.sources ?? [];
        const options = (this.#command?.options ?? []).map((option) =>
            option.name === 'dir' && sources.length > 0 ? { ...option, kind: 'choice', values: sources } : option);

        setText(this.#note, this.#command?.help ?? '');
        this.#options.replaceChildren(...options.map((option) => labelled(option, before[option.name])));
    }
}

function valueOf(field) {
    if (field.type === 'checkbox')
        return true;
    return field.type === 'number' ? field.valueAsNumber : field.value;
}

function fill(select, entries) {
    const before = select.value;
    select.replaceChildren(...entries.map(([value, title]) => element('option', { value }, title)));
    if (entries.some(([value]) => value === before))
        select.value = before;
}

function labelled(option, before) {
    const isFlag = option.kind === 'flag';
    const title = element('span', {}, optionTitle(option));
    const field = fieldFor(option);
    if (isFlag)
        field.checked = before === true;
    else if (before !== undefined)
        field.value = before;
    if (field.selectedIndex < 0)
        field.selectedIndex = 0;
    return element('label', { class: isFlag && 'flag', title: option.help },
        ...isFlag ? [field, title] : [title, field]);
}

function fieldFor({ name, kind, required, values = [] }) {
    if (kind === 'flag')
        return element('input', { type: 'checkbox', name });
    if (kind === 'number')
        return element('input', { class: 'field', type: 'number', name, required, min: 1, step: 1 });
    if (kind !== 'choice')
        return element('input', { class: 'field', type: 'text', name, required, spellcheck: 'false' });

    const none = required ? [] : [['', text(name === 'dir' ? 'all' : 'unsaid')]];
    const field = element('select', { class: 'field', name, required });
    fill(field, [...none, ...values.map((value) => [value, value])]);
    return field;
}
