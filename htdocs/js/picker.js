/* The ways in which files come: chosen, dropped, pasted. */

/* Calls take(files) for each choice. Drops and pastes count anywhere in area; while files are dragged over it, the
 * form has the class "dragging". */
export function watchForFiles(form, input, area, take) {
    input.addEventListener('change', () => {
        take([...input.files]);
        input.value = '';       // the same file may be chosen again
    });

    area.addEventListener('paste', (event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        if (files.length > 0 && !isForWriting(event.target)) {
            event.preventDefault();
            take(files);
        }
    });

    area.addEventListener('dragover', (event) => {
        if (!bringsFiles(event))
            return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        form.classList.add('dragging');
    });
    area.addEventListener('dragleave', (event) => {
        if (!area.contains(event.relatedTarget))
            form.classList.remove('dragging');
    });
    area.addEventListener('drop', (event) => {
        form.classList.remove('dragging');
        if (bringsFiles(event)) {
            event.preventDefault();
            take(dropped(event.dataTransfer));
        }
    });
}

function bringsFiles(event) {
    return event.dataTransfer?.types.includes('Files') ?? false;
}

/* Text copied from a word processor carries a picture of itself; pasted into a text field it is text. */
function isForWriting(target) {
    return target.matches('input:not([type=file]), textarea') || target.isContentEditable;
}

/* A dropped folder looks like an odd little file; it is marked, so that it can be refused with a clear word. */
function dropped(transfer) {
    return [...transfer.items].filter((item) => item.kind === 'file').map((item) => {
        const file = item.getAsFile();
        file.isFolder = item.webkitGetAsEntry?.()?.isDirectory ?? false;
        return file;
    });
}
