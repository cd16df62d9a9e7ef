/* Elements in one line. */

/* Attributes whose value is undefined or false are left out, true gives an empty one. */
export function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
        if (value !== undefined && value !== false)
            made.setAttribute(key, value === true ? '' : value);
    made.append(...children);
    return made;
}

/* Writes only what changed: screen readers and selections are left in peace. */
export function setText(node, value) {
    if (node.textContent !== value)
        node.textContent = value;
}

/* Writes the texts of every element below root that has a data-text, named by its key. */
export function translate(root, text) {
    for (const node of root.querySelectorAll('[data-text]'))
        setText(node, text(node.dataset.text));
}

export function firstVisibleButton(root) {
    return [...root.querySelectorAll('button')].find((button) => button.getClientRects().length > 0);
}
