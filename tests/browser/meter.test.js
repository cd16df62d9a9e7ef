/* Speed and time left, and numbers as people read them. */

import { amount, duration, percent, rate, size, typeNames } from '../../htdocs/js/format.js';
import { Meter, secondsLeft } from '../../htdocs/js/meter.js';
import { useLanguage } from '../../htdocs/js/texts.js';
import { done, group, is, ok } from './tap.js';

const MB = 1024 * 1024;

await group('meter', () => {
    const meter = new Meter(10 * MB, 1000);
    ok(Number.isNaN(meter.rate(1000)), 'no rate before any time has passed');
    ok(Number.isNaN(meter.secondsLeft(1100)), 'no time left before there is a rate');

    for (let second = 1; second <= 6; second++)
        meter.update(second * MB, 1000 + second * 1000);
    is(meter.rate(7000), MB, 'a steady upload has its speed');
    is(meter.secondsLeft(7000), 4, 'and its time left');
    is(meter.fraction, 0.6, 'and its fraction');

    is(Math.round(meter.rate(9000)), MB / 2, 'while nothing comes the speed sinks');
    is(meter.rate(11001), 0, 'to nothing after the window');
    is(meter.secondsLeft(11001), Infinity, 'and the time left is unknown');
    meter.update(8 * MB, 12000);
    ok(meter.rate(12000) > 0, 'it comes back with the next bytes');
    meter.update(7 * MB, 12100);
    is(meter.loaded, 8 * MB, 'never goes backwards');
    meter.update(99 * MB, 12200);
    is(meter.loaded, 10 * MB, 'never beyond the whole');
    is(meter.secondsLeft(12200), 0, 'at the end no time is left');
    is(new Meter(0, 0).fraction, 1, 'an empty file is whole');

    const burst = new Meter(100 * MB, 0);
    burst.update(8 * MB, 10);
    for (let time = 500; time <= 8000; time += 500)
        burst.update(8 * MB + time * MB / 1000, time);
    is(burst.rate(8000), MB, 'a first burst into a buffer is forgotten');
    is(secondsLeft(0, 0), 0, 'nothing left takes no time, whatever the speed');
});

await group('numbers', () => {
    const table = [
        ['en', size, [512], '512 B'], ['en', size, [204800], '200 KB'], ['en', size, [10 * MB], '10 MB'],
        ['en', size, [1.5 * 1024 * MB], '1.5 GB'], ['fr', size, [1.25 * MB], '1,25 Mo'],
        ['en', amount, [12.4 * MB, 80 * MB], '12.40 / 80.00 MB'],
        ['fr', amount, [12.4 * MB, 80 * MB], '12,40 / 80,00 Mo'],
        ['en', amount, [0, 90000], '0 / 88 KB'],
        ['en', rate, [2.41 * MB], '2.41 MB/s'], ['en', rate, [34.25 * MB], '34.3 MB/s'],
        ['fr', rate, [0.5 * MB], '0,50 Mo/s'],
        ['en', duration, [0.2], '1 s'], ['en', duration, [59.5], '1 min 00 s'], ['en', duration, [185], '3 min 05 s'],
        ['en', duration, [4321], '1 h 12 min'],
        ['en', percent, [0.999], '99%'], ['en', percent, [1], '100%'], ['fr', percent, [0.43], '43 %'],
        ['en', typeNames, [['image/jpeg', 'image/webp', 'video/quicktime', 'image/svg+xml']], 'JPEG, WebP, MOV, SVG'],
    ];
    for (const [language, format, values, expected] of table) {
        useLanguage(language);
        is(format(...values).replace(/[\u00a0\u202f]/g, ' '), expected, `${language} ${format.name}: ${expected}`);
    }
    useLanguage('en');
});

done();
