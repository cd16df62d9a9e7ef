/* Which commands, options and collections there are: what migrate.cgi tells, or where it tells nothing, what is known
 * here and what health.cgi's checks name. And how they are called. */

import { TEXTS, language, text } from '../texts.js';

const KNOWN = [
    { name: 'audit', applies: false },
    { name: 'references' },
    { name: 'directory', options: [{ name: 'dir', kind: 'text' }] },
    { name: 'associate', options: [
        { name: 'dir', kind: 'text', required: true },
        { name: 'match', kind: 'choice', values: ['id', 'name', 'order'] },
    ] },
    { name: 'sample' },
    { name: 'undo' },
];

/* {collections: [{name, sources}], commands: [{name, help, applies, options}]} */
export function readCommands(told, health) {
    const named = (health?.checks ?? []).map(({ collection }) => collection).filter((name) => name);
    const collections = told?.collections ?? [...new Set(named)].map((name) => ({ name }));
    const commands = told?.commands ?? KNOWN;
    return {
        collections: collections.map(({ name, sources }) => ({ name, sources: sources ?? [] })),
        commands: commands.map(({ name, help, applies, options }) =>
            ({ name, help: help ?? '', applies: applies !== false, options: options ?? [] })),
    };
}

export function commandTitle({ name, help }) {
    return isText(`command_${name}`) ? text(`command_${name}`) : `${name}: ${help}`;
}

export function optionTitle({ name }) {
    return isText(`option_${name}`) ? text(`option_${name}`) : name.replaceAll('_', ' ');
}

/* key: "todo" or "done"; how many items a command would change, or has changed. */
export function countTitle(key, command, values) {
    return text(isText(`${key}_${command}`) ? `${key}_${command}` : key, values);
}

function isText(key) {
    return Object.hasOwn(TEXTS[language()], key);
}

/* What a request does, in few words: "directory, articles, dir: uploads". */
export function describeRequest({ command, collection, ...options }) {
    if (command === 'undo')
        return text('undoOf', { run: options.run });
    const given = Object.entries(options).map(([name, value]) => value === true ? name : `${name}: ${value}`);
    return [command, ...collection === undefined ? [] : [collection], ...given].join(', ');
}
