/* Asks before something is done; the answer that does nothing has the focus. */

import { element } from '../dom.js';
import { text } from '../texts.js';
import { button } from './parts.js';

/* lines: what is about to be done. A promise of true or false. */
export function confirmed(lines) {
    return new Promise((resolve) => {
        const dialog = element('dialog', { class: 'panel', 'aria-labelledby': 'confirm-title' },
            element('h2', { id: 'confirm-title' }, lines[0]), ...lines.slice(1).map((line) => element('p', {}, line)));
        const cancel = button('cancel', () => dialog.close());
        const run = button('primary', () => dialog.close('run'));
        cancel.append(text('cancel'));
        run.append(text('run'));
        cancel.autofocus = true;
        dialog.append(element('div', { class: 'line' }, run, cancel));
        dialog.addEventListener('close', () => {
            dialog.remove();
            resolve(dialog.returnValue === 'run');
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}
