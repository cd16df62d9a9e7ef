/* The upload page's script: every form with a data-endpoint sends its files in the background from here on.
 * Without this script the form works as the plain form that it is. */

import { startLanguages } from './js/languages.js';
import { Uploader } from './js/uploader.js';

const forms = document.querySelectorAll('form[data-endpoint]');
for (const form of forms)
    new Uploader(form, forms.length === 1 ? document : form);
startLanguages();
