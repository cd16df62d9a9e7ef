/* A Chromium for the tests: pages that are watched for trouble, a line that can be slowed or cut, pictures to send. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { crc32 } from './crc32.js';

const PATIENCE = 120000;        // ms; only a page that hangs waits so long

export const BASE = (process.env.UPLOAD_BASE ?? '').replace(/\/$/, '');

const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});
const folder = mkdtempSync(join(tmpdir(), 'upload-test-'));

/* Everything that no page should do: script errors, complaints in the console, requests to other hosts. Where a test
 * sets page.expectsFailure, an answer with an error status is no complaint; a missing favicon.ico never is. */
export const trouble = [];

/* A page of its own context, watched. The options are playwright's (locale, viewport, javaScriptEnabled …). */
export async function newPage(options = {}) {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on('pageerror', (error) => trouble.push(`script error: ${error.message}`));
    page.on('console', (message) => {
        const { url } = message.location();
        const isExpected = message.text().startsWith('Failed to load resource')
            && (page.expectsFailure || url.endsWith('/favicon.ico'));
        if (['error', 'warning'].includes(message.type()) && !isExpected)
            trouble.push(`console: ${message.text()} (${url})`);
    });
    page.on('request', (request) => {
        const url = new URL(request.url());
        if (/^(http|ws)/.test(url.protocol) && url.origin !== new URL(BASE).origin)
            trouble.push(`request to another host: ${url}`);
    });
    return page;
}

/* The upload page, its script ready and the endpoint's limits read. "query" is appended to the address. */
export async function openPage(options = {}, query = '') {
    const page = await newPage(options);
    await page.goto(`${BASE}/${query}`);
    await page.locator('.rules:not(:empty)').waitFor();
    return page;
}

/* Sets the line of a page: bytes per second upwards (-1: as fast as it goes), or cut. */
export async function setLine(page, { upload = -1, offline = false }) {
    page.session ??= await page.context().newCDPSession(page);
    await page.session.send('Network.enable');
    await page.session.send('Network.emulateNetworkConditions',
        { offline, latency: 0, downloadThroughput: -1, uploadThroughput: upload });
}

export async function closePage(page) {
    await page.context().close();
}

export async function closeBrowser() {
    await browser.close();
    rmSync(folder, { recursive: true });
}

/* A PNG of noise of about this many bytes: a whole and true picture that no one can compress. */
export function picture(name, bytes) {
    const width = 1000;
    const height = Math.max(1, Math.round(bytes / (3 * width)));
    const rows = Array.from({ length: height }, () => Buffer.concat([Buffer.of(0), randomBytes(3 * width)]));
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    const buffer = Buffer.concat([signature, chunk('IHDR', header),
        chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 0 })), chunk('IEND', Buffer.alloc(0))]);
    return { name, mimeType: 'image/png', buffer };
}

/* A chunk of a PNG: length, type, data, CRC (PNG specification, section 5.3). */
function chunk(type, data) {
    const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, check]);
}

/* The path of a file of this size that takes no room on the disk. */
export function largeFile(name, bytes) {
    const path = join(folder, name);
    writeFileSync(path, '');
    truncateSync(path, bytes);
    return path;
}
