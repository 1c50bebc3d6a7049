/* node html.mjs FOLDER: walks through the pages that tests/e2e/test_html.py has made there. What
 * they show is known: sample.html is of fixtures/run/valid/explained.json. */
import assert from 'node:assert/strict';
import path from 'node:path';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {withBrowser, withPage} from './browser.mjs';

const folder = process.argv[2];
const at = name => path.join(folder, name);
const sample = at('sample.html'), many = at('many.html');
const WIDE = {viewport: {width: 1440, height: 900}}, NARROW = {viewport: {width: 360, height: 740}};
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/* The endpoints of the table that are shown, in their order. */
const rows = page => page.locator('#endpoints tbody tr:visible th .name').allInnerTexts();
const title = (page, name) =>
  page.locator('#endpoints thead').getByRole('button', {name, exact: true});
const sorted = page => page.locator('#endpoints [aria-sort]').evaluateAll(all =>
  all.map(one => `${one.textContent} ${one.getAttribute('aria-sort')}`));

async function assertFits(page) {
  const [content, room] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= room, `the page is ${content} pixels wide on ${room}`);
}

const openAll = page => page.evaluate(() => {
  for (const one of document.querySelectorAll('details')) one.open = true;
});

const tests = {
  async 'fits, wide and narrow, light and dark, open and closed'(browser) {
    for (const file of [sample, at('hostile.html'), at('alone.html')])
      for (const size of [WIDE, NARROW])
        for (const colorScheme of ['light', 'dark'])
          await withPage(browser, file, {...size, colorScheme}, async page => {
            await assertFits(page);
            await openAll(page);
            await assertFits(page);
            assert.ok(await page.locator('#controls').isVisible());
          });
  },

  async 'dark is dark'(browser) {
    for (const [colorScheme, color] of [['light', 'rgb(255, 255, 255)'], ['dark', 'rgb(20, 23, 26)']])
      await withPage(browser, sample, {...WIDE, colorScheme}, async page => {
        assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
          color);
      });
  },

  async 'the first screen says what matters'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, sample, size, async page => {
        const box = await page.locator('h1').boundingBox();
        assert.ok(box.y + box.height < 200);
        assert.match(await page.locator('h1').innerText(), /[▲▼✓?–✕] [A-Z]+/);
        assert.deepEqual(await page.locator('.facts dt').allInnerTexts(),
          ['How much', 'How sure', 'What it costs', 'What changed around it']);
      });
  },

  async 'nothing to complain of for axe'(browser) {
    for (const file of [sample, at('alone.html'), at('hostile.html')])
      for (const size of [WIDE, NARROW])
        for (const colorScheme of ['light', 'dark'])
          await withPage(browser, file, {...size, colorScheme}, async page => {
            await openAll(page);
            await page.evaluate(axe);
            const found = await page.evaluate(() => window.axe.run());
            assert.ok(found.passes.length > 20);
            assert.deepEqual(found.violations.map(one =>
              `${one.id}: ${one.nodes.map(node => node.html.slice(0, 200)).join('; ')}`), []);
          });
  },

  async 'sorts'(browser) {
    await withPage(browser, many, WIDE, async page => {
      const first = await rows(page);
      await title(page, 'Endpoint').click();
      assert.deepEqual(await sorted(page), ['Endpoint ascending']);
      assert.deepEqual(await rows(page), [...first].sort());
      await title(page, 'Endpoint').click();
      assert.deepEqual(await sorted(page), ['Endpoint descending']);
      assert.deepEqual(await rows(page), [...first].sort().reverse());
      await title(page, 'Verdict').click();
      assert.deepEqual(await rows(page), first);
      /* Figures begin with the largest, by value and not by letters; what has none is last. */
      await title(page, 'instr').click();
      assert.deepEqual(await sorted(page), ['instr descending']);
      const values = await page.locator('#endpoints tbody tr').evaluateAll(all =>
        all.map(one => one.cells[2].dataset.v).map(value => value === undefined ? -1e99 : +value));
      assert.deepEqual(values, [...values].sort((a, b) => b - a));
      assert.ok(values[0] > values[values.length - 1]);
    });
  },

  async 'searches and filters'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, many, size, async page => {
        const all = (await rows(page)).length;
        const matched = () => page.locator('#matched').innerText();
        await page.keyboard.press('/');
        await page.keyboard.type('THING12 get');
        assert.deepEqual(await rows(page), ['GET /v3/thing12']);
        assert.equal(await matched(), `1 of ${all} endpoints`);
        await page.locator('#search').fill('no such thing');
        assert.deepEqual(await rows(page), []);
        assert.equal(await matched(), 'Nothing matches.');
        await page.locator('#search').press('Escape');
        assert.equal((await rows(page)).length, all);
        assert.equal(await matched(), '');
        await page.locator('#verdict').selectOption('regressed');
        assert.equal((await rows(page)).length, 10);
        assert.equal(await page.locator('#endpoints tbody tr:visible .word.regressed').count(), 10);
        await page.locator('#search').fill('thing3');
        assert.deepEqual(await rows(page), ['GET /v3/thing3']);
      });
  },

  async 'an address leads to a place'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, many, {...size, hash: 'endpoint-get-v3-thing33'}, async page => {
        const place = page.locator('#endpoint-get-v3-thing33');
        assert.equal(await place.getAttribute('open'), '');
        await page.waitForFunction(() => {
          const box = document.getElementById('endpoint-get-v3-thing33').getBoundingClientRect();
          return box.top >= -1 && box.top < innerHeight;
        });
        assert.ok(await place.locator('table.metrics').isVisible());
      });
    await withPage(browser, many, WIDE, async page => {
      await page.locator('#endpoints a[href="#endpoint-get-v3-thing21"]').click();
      assert.equal(await page.evaluate(() => location.hash), '#endpoint-get-v3-thing21');
      assert.equal(await page.locator('#endpoint-get-v3-thing21').getAttribute('open'), '');
      /* Closed by hand, the same link opens it again. */
      await page.locator('#endpoint-get-v3-thing21 > summary').click();
      assert.equal(await page.locator('#endpoint-get-v3-thing21').getAttribute('open'), null);
      await page.locator('#endpoints a[href="#endpoint-get-v3-thing21"]').click();
      assert.equal(await page.locator('#endpoint-get-v3-thing21').getAttribute('open'), '');
    });
    for (const odd of ['nobody', '%', '%00', 'endpoint-', '"><b>'])
      await withPage(browser, sample, {...WIDE, hash: odd}, async page => {
        assert.ok(await page.locator('h1').isVisible());
      });
  },

  async 'the keyboard alone is enough'(browser) {
    await withPage(browser, sample, WIDE, async page => {
      const name = () => page.evaluate(() => document.activeElement.textContent.trim());
      await page.keyboard.press('Tab');
      assert.equal(await name(), 'To the endpoints');
      for (let i = 0; i < 40 && await name() !== 'Endpoint'; i++) await page.keyboard.press('Tab');
      assert.equal(await name(), 'Endpoint');
      await page.keyboard.press('Enter');
      assert.deepEqual(await sorted(page), ['Endpoint ascending']);
      assert.equal(await name(), 'Endpoint');
    });
  },

  async 'complete without a script'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, sample, {...size, javaScriptEnabled: false}, async page => {
        assert.equal(await page.locator('#controls').isVisible(), false);
        const text = await page.locator('main').textContent();
        for (const words of ['GET /v3/feed', 'rank_score', 'What this rests on', 'How to read this'])
          assert.ok(text.includes(words), words);
        await page.locator('details.flames > summary').first().click();
        assert.ok(await page.locator('svg.flame').first().isVisible());
      });
  },

  async 'prints what is closed, too'(browser) {
    await withPage(browser, sample, {...WIDE, colorScheme: 'dark'}, async page => {
      await page.emulateMedia({media: 'print'});
      assert.equal(await page.locator('nav').isVisible(), false);
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).color),
        'rgb(28, 32, 36)');
      const closed = await page.locator('details:not([open])').count();
      assert.ok(closed > 0);
      await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
      assert.equal(await page.locator('details:not([open])').count(), 0);
      await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
      assert.equal(await page.locator('details:not([open])').count(), closed);
      assert.ok((await page.pdf({format: 'A4'})).length > 5000);
    });
  },

  async 'hostile names are text'(browser) {
    for (const javaScriptEnabled of [true, false])
      await withPage(browser, at('hostile.html'), {...NARROW, javaScriptEnabled}, async page => {
        assert.equal(await page.locator('img').count(), 0);
        assert.equal(await page.title(), 'tollgate: what this change costs');
        const text = await page.locator('body').innerText();
        assert.ok(text.includes('<img src=x onerror=document.title=1>'));
        assert.ok(!/[\u202a-\u202e\u2066-\u2069\u001b]/.test(text));
        if (javaScriptEnabled)
          await page.locator('#search').fill('onerror');
      });
  },

  async 'a huge one stays usable'(browser) {
    await withPage(browser, at('huge.html'), WIDE, async page => {
      assert.equal((await rows(page)).length, 2000);
      assert.match(await page.locator('#endpoints .left-out').innerText(),
        /^1,000 of 3,000 endpoints are left out here/);
      await page.locator('#search').fill('thing1999');
      assert.equal(await page.locator('#endpoints tbody tr:visible').count() <= 1, true);
    });
  },
};

await withBrowser(async browser => {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test(browser);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${error.stack}`);
      process.exitCode = 1;
    }
  }
});
