/* What the views of the administration page are made of. */

import { element, setText } from '../dom.js';

export function button(name, action) {
    const made = element('button', { type: 'button', class: `button ${name}` });
    made.addEventListener('click', action);
    return made;
}

/* Shows the sentence, or hides the node when there is none. */
export function show(node, sentence) {
    node.hidden = !sentence;
    setText(node, sentence ?? '');
}

/* A table that scrolls sideways in a frame of its own; titles and cells are texts or nodes. */
export function table(name, titles, rows) {
    const head = element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title)));
    const body = element('tbody', {}, ...rows.map((cells) =>
        element('tr', {}, ...cells.map((cell) => element('td', {}, cell ?? '')))));
    return element('div', { class: 'frame', role: 'region', tabindex: '0', 'aria-label': name },
        element('table', {}, element('thead', {}, head), body));
}

export function badge(kind, sentence) {
    return element('span', { class: `badge-text ${kind}` }, sentence);
}
