/* The administration page's script. Without it the form shows health.cgi's own page. */

import './js/admin/texts.js';
import { Desk } from './js/admin/desk.js';
import { startLanguages } from './js/languages.js';

new Desk(document.querySelector('main'));
startLanguages();
