/* Numbers as people read them. MB is 1024 x 1024 bytes here, as in the server's limits ("10M"). */

import { language, text } from './texts.js';

const UNITS = ['unitB', 'unitKB', 'unitMB', 'unitGB'];
const MEGABYTE = 1024 * 1024;

function number(value, least, most) {
    return new Intl.NumberFormat(language(), { minimumFractionDigits: least, maximumFractionDigits: most })
        .format(value);
}

function unitFor(bytes) {
    let power = 0;
    while (power < UNITS.length - 1 && bytes >= 1024 ** (power + 1))
        power++;
    return { name: text(UNITS[power]), bytes: 1024 ** power, digits: power < 2 ? 0 : 2 };
}

/* "10 MB", "204 KB" */
export function size(bytes) {
    const unit = unitFor(bytes);
    return `${number(bytes / unit.bytes, 0, unit.digits)}\u00a0${unit.name}`;
}

/* "12.40 / 80.00 MB": both in the unit of the whole, so the eye compares two numbers only. */
export function amount(loaded, total) {
    const unit = unitFor(total);
    const digits = [unit.digits, unit.digits];
    return `${number(loaded / unit.bytes, ...digits)} / ${number(total / unit.bytes, ...digits)}\u00a0${unit.name}`;
}

/* "2.41 MB/s", "34.2 MB/s" */
export function rate(bytesPerSecond) {
    const megabytes = bytesPerSecond / MEGABYTE;
    const digits = megabytes >= 10 ? 1 : 2;
    return `${number(megabytes, digits, digits)}\u00a0${text('unitMB')}/s`;
}

/* "12 s", "3 min 05 s", "1 h 12 min"; never "0 s" while something is left to do. */
export function duration(seconds) {
    const whole = Math.max(1, Math.ceil(seconds));
    const two = (value) => String(value).padStart(2, '0');
    if (whole < 60)
        return `${whole}\u00a0s`;
    if (whole < 3600)
        return `${Math.floor(whole / 60)}\u00a0min ${two(whole % 60)}\u00a0s`;
    return `${Math.floor(whole / 3600)}\u00a0h ${two(Math.floor(whole % 3600 / 60))}\u00a0min`;
}

/* Whole per cents, rounded down: 100 % means that the last byte has left. */
export function percent(fraction) {
    return new Intl.NumberFormat(language(), { style: 'percent' }).format(Math.floor(fraction * 100) / 100);
}

/* "JPEG, PNG, WebP" from media types. */
export function typeNames(types) {
    const names = { 'image/webp': 'WebP', 'image/svg+xml': 'SVG', 'video/quicktime': 'MOV', 'video/webm': 'WebM' };
    return types.map((type) => names[type] ?? type.split('/').pop().toUpperCase()).join(', ');
}
