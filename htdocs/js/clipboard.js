/* Copies the text of an input. On plain http there is no clipboard interface: then by selection, as ever. */

/* True when it was copied; else the text is left selected for the visitor to copy. */
export async function copyFrom(input) {
    try {
        await navigator.clipboard.writeText(input.value);
        return true;
    }
    catch {
        input.focus();
        input.select();
        return document.execCommand('copy');
    }
}
