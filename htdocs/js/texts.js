/* Every text of the page, in every language, and which language is in use. "{name}" stands for a value.
 * index.html carries the English texts already; a test keeps the two equal. */

export const TEXTS = {
    en: {
        title: 'Upload photos',
        heading: 'Your photos, online in a moment',
        lead: 'Each one gets an address of its own, ready to paste into an article, a shop or a message.',
        choose: 'Choose photos',
        drop: 'or drop them here, or paste one',
        submit: 'Upload',
        limits: '{types} · up to {size} each',
        limitsSize: 'Up to {size} each',

        unitB: 'B', unitKB: 'KB', unitMB: 'MB', unitGB: 'GB',
        left: '{time} left',
        waiting: 'Waiting for its turn',
        starting: 'Starting…',
        stalled: 'Waiting for the connection…',
        saving: 'Saving…',
        cancelled: 'Cancelled',
        progressOf: 'Progress of {name}',
        progressAll: 'Progress of all files',
        summary: '{done} of {count} online',
        summaryFailed: '{done} of {count} online, {failed} failed',

        list: 'Files',
        cancelName: 'Cancel {name}',
        cancelAll: 'Cancel all',
        retry: 'Try again',
        retryName: 'Try again: {name}',
        removeName: 'Remove {name} from the list',
        copy: 'Copy',
        copyName: 'Copy the address of {name}',
        copied: 'Copied',
        copyByHand: 'Press Ctrl+C',
        open: 'Open',
        openName: 'Open {name} in a new tab',
        address: 'Address of {name}',
        queued: 'Safely received. The picture will appear at this address in a little while.',
        notShown: 'Stored, but its address does not show it yet.',
        isOnline: '{name} is online.',
        problemWith: '{name}: {problem}',

        tooLarge: 'The file has {size}; the limit is {limit}.',
        wrongType: 'This kind of file is not accepted. Accepted: {types}.',
        emptyFile: 'The file is empty.',
        folder: 'This is a folder. Please choose the photos inside it.',
        unreadable: 'The file can no longer be read. Please choose it again.',
        network: 'The connection was lost. Check your network, then try again.',
        noAnswer: 'The file was sent, but no answer came. Please try again.',
        foreign: 'Something in front of the application answered instead of it, a firewall or a proxy perhaps: '
            + 'the file was refused (status {status}).',
        foreignSize: 'Something in front of the application, a firewall or a proxy perhaps, '
            + 'refused the file as too large (status {status}).',
        foreignDown: 'The application cannot be reached at the moment (status {status}). Please try again later.',
        serverError: 'The file was not stored (status {status}).',
    },
    fr: {
        title: 'Envoyer des photos',
        heading: 'Vos photos en ligne en un instant',
        lead: 'Chacune reçoit sa propre adresse, prête à coller dans un article, une boutique ou un message.',
        choose: 'Choisir des photos',
        drop: 'ou les déposer ici, ou en coller une',
        submit: 'Envoyer',
        limits: '{types} · {size} au plus par photo',
        limitsSize: '{size} au plus par photo',

        unitB: 'o', unitKB: 'Ko', unitMB: 'Mo', unitGB: 'Go',
        left: 'encore {time}',
        waiting: 'En attente de son tour',
        starting: 'Départ…',
        stalled: 'En attente de la connexion…',
        saving: 'Enregistrement…',
        cancelled: 'Annulé',
        progressOf: 'Progression de {name}',
        progressAll: 'Progression de l’ensemble',
        summary: '{done} sur {count} en ligne',
        summaryFailed: '{done} sur {count} en ligne, {failed} en échec',

        list: 'Fichiers',
        cancelName: 'Annuler {name}',
        cancelAll: 'Tout annuler',
        retry: 'Réessayer',
        retryName: 'Réessayer : {name}',
        removeName: 'Retirer {name} de la liste',
        copy: 'Copier',
        copyName: 'Copier l’adresse de {name}',
        copied: 'Copié',
        copyByHand: 'Faites Ctrl+C',
        open: 'Ouvrir',
        openName: 'Ouvrir {name} dans un nouvel onglet',
        address: 'Adresse de {name}',
        queued: 'Bien reçu. L’image apparaîtra à cette adresse dans un petit moment.',
        notShown: 'Enregistré, mais son adresse ne l’affiche pas encore.',
        isOnline: '{name} est en ligne.',
        problemWith: '{name} : {problem}',

        tooLarge: 'Le fichier fait {size} ; la limite est de {limit}.',
        wrongType: 'Ce type de fichier n’est pas accepté. Acceptés : {types}.',
        emptyFile: 'Le fichier est vide.',
        folder: 'Ceci est un dossier. Veuillez choisir les photos qu’il contient.',
        unreadable: 'Le fichier n’est plus lisible. Veuillez le choisir à nouveau.',
        network: 'La connexion a été perdue. Vérifiez votre réseau, puis réessayez.',
        noAnswer: 'Le fichier est parti, mais aucune réponse n’est venue. Veuillez réessayer.',
        foreign: 'Quelque chose devant l’application a répondu à sa place, un pare-feu ou un proxy peut-être : '
            + 'le fichier a été refusé (statut {status}).',
        foreignSize: 'Quelque chose devant l’application, un pare-feu ou un proxy peut-être, '
            + 'a refusé le fichier comme trop volumineux (statut {status}).',
        foreignDown: 'L’application est injoignable pour le moment (statut {status}). Réessayez plus tard.',
        serverError: 'Le fichier n’a pas été enregistré (statut {status}).',
    },
};

let current = 'en';
const listeners = new Set();

/* The language asked for by "?lang=", else the browser's, else English. */
export function preferredLanguage(query, browserLanguage) {
    const asked = new URLSearchParams(query).get('lang');
    if (asked !== null && Object.hasOwn(TEXTS, asked))
        return asked;
    return /^fr\b/i.test(browserLanguage ?? '') ? 'fr' : 'en';
}

export function language() {
    return current;
}

export function useLanguage(name) {
    current = name;
    for (const listener of listeners)
        listener();
}

/* Calls the listener at every change of language; returns the function that ends this. */
export function onLanguage(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

export function text(key, values = {}) {
    return TEXTS[current][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
