/* Test Anything Protocol for node: a few checks, a plan at the end. */

let count = 0;
let failures = 0;

export function ok(condition, name) {
    count++;
    if (!condition)
        failures++;
    console.log(`${condition ? 'ok' : 'not ok'} ${count} - ${name}`);
    return Boolean(condition);
}

export function is(got, expected, name) {
    if (!ok(got === expected, name))
        note(`got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

export function matches(got, pattern, name) {
    if (!ok(pattern.test(got), name))
        note(`got ${JSON.stringify(got)}, expected ${pattern}`);
}

export function note(text) {
    console.log(String(text).replace(/^/gm, '# '));
}

/* Runs a group of checks; one that throws counts as failed and the others go on. */
export async function group(name, run) {
    note(name);
    try {
        await run();
    }
    catch (error) {
        ok(false, `${name}: runs to its end`);
        note(error.message);
    }
}

export function done() {
    console.log(`1..${count}`);
    process.exitCode = failures > 0 ? 1 : 0;
}
