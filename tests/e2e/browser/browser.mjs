/* What the browser tests share: a page of a file in Chromium, which fails when it logs, throws or
 * asks for anything else than itself. */
import {chromium} from 'playwright-core';
import {pathToFileURL} from 'node:url';

const PATIENCE_MS = 20000;

export async function withBrowser(work) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    /* Its sandbox does not run as root. */
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

/* Hands `work` the page and closes it. `options` are those of a browser context, and: hash, and
 * quiet: false where a page of others may log and load. */
export async function withPage(browser, path, {hash = '', quiet = true, ...options}, work) {
  const context = await browser.newContext(options);
  const page = await context.newPage(), url = pathToFileURL(path).href, heard = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', message => heard.push(`console: ${message.text()}`));
  page.on('pageerror', error => heard.push(`thrown: ${error.message}`));
  page.on('request', request => {
    if (request.url().split('#')[0] !== url) heard.push(`request: ${request.url().slice(0, 200)}`);
  });
  try {
    await page.goto(hash === '' ? url : `${url}#${hash}`);
    await work(page);
    if (quiet && heard.length > 0) throw new Error(heard.join('\n'));
  } finally {
    await context.close();
  }
}
