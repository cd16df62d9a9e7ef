/* The upload page's script: every form with a data-endpoint sends its files in the background from here on.
 * Without this script the form works as the plain form that it is. */

import { translate } from './js/dom.js';
import { language, onLanguage, preferredLanguage, text, useLanguage } from './js/texts.js';
import { Uploader } from './js/uploader.js';

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

/* The links work by loading the page anew; here they do the same in place, so that running uploads go on. */
function switchInPlace(event) {
    event.preventDefault();
    history.replaceState(null, '', event.target.href);
    useLanguage(event.target.lang);
}

const forms = document.querySelectorAll('form[data-endpoint]');
for (const form of forms)
    new Uploader(form, forms.length === 1 ? document : form);
for (const nav of document.querySelectorAll('.languages')) {
    nav.hidden = false;
    nav.addEventListener('click', (event) => event.target.matches('a[lang]') && switchInPlace(event));
}
onLanguage(showLanguage);
useLanguage(preferredLanguage(location.search, navigator.language));
