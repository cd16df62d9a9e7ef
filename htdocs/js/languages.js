/* The page in the visitor's language, and the links that change it. */

import { translate } from './dom.js';
import { language, onLanguage, preferredLanguage, text, useLanguage } from './texts.js';

function showLanguage() {
    document.documentElement.lang = language();
    translate(document, text);
    for (const link of document.querySelectorAll('.languages a')) {
        if (link.lang === language())
            link.setAttribute('aria-current', 'true');
        else
            link.removeAttribute('aria-current');
    }
}

/* The links work by loading the page anew; here they do the same in place, so that whatever is under way goes on. */
function switchInPlace(event) {
    event.preventDefault();
    history.replaceState(null, '', event.target.href);
    useLanguage(event.target.lang);
}

/* To be called once, when everything that is shown has asked for onLanguage(). */
export function startLanguages() {
    for (const nav of document.querySelectorAll('.languages')) {
        nav.hidden = false;
        nav.addEventListener('click', (event) => event.target.matches('a[lang]') && switchInPlace(event));
    }
    onLanguage(showLanguage);
    useLanguage(preferredLanguage(location.search, navigator.language));
}
