/* node flame.mjs FOLDER: walks through the flame graphs that tests/e2e/test_flame.py has made there.
 * What they show is known: sample.html is of fixtures/run/valid/explained.json. */
import assert from 'node:assert/strict';
import path from 'node:path';
import {withBrowser, withPage} from './browser.mjs';

const folder = process.argv[2];
const sample = path.join(folder, 'sample.html');
const WIDE = {viewport: {width: 1440, height: 900}}, NARROW = {viewport: {width: 360, height: 740}};
const FEED = 'GET /v3/feed';

/* The frames that are drawn, by the words that screen readers hear. */
const frames = page => page.locator('#graph [data-node]').evaluateAll(all =>
  all.map(one => one.getAttribute('aria-label')));
const frame = (page, name) => page.locator(`#graph [aria-label^="${name}, "]`);
const details = page => page.locator('#details').innerText();
const plain = text => text.replaceAll('\u00a0', ' ');
const hash = page => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).toString());

async function assertFits(page) {
  const [content, room] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= room, `the page is ${content} pixels wide on ${room}`);
}

/* Each frame lies within its caller and beside its siblings, half a pixel aside. */
async function assertLaidOut(page) {
  const boxes = await page.locator('#graph [data-node]').evaluateAll(all => all.map(one => {
    const box = one.getBoundingClientRect();
    return {level: Number(one.getAttribute('aria-level')), left: box.left, right: box.right};
  }));
  const open = [], ends = [];
  for (const box of boxes) {
    const caller = open[box.level - 2];
    if (caller)
      assert.ok(box.left >= caller.left - 0.5 && box.right <= caller.right + 0.5);
    if (ends[box.level] && open[box.level - 2] === ends[box.level].caller)
      assert.ok(box.left >= ends[box.level].right - 0.5);
    ends[box.level] = {right: box.right, caller};
    open[box.level - 1] = box;
  }
}

const tests = {
  async 'fits, wide and narrow, light and dark'(browser) {
    for (const size of [WIDE, NARROW])
      for (const colorScheme of ['light', 'dark'])
        await withPage(browser, sample, {...size, colorScheme}, async page => {
          await assertFits(page);
          await assertLaidOut(page);
          assert.ok(await page.locator('#controls').isVisible());
          assert.ok((await frames(page)).length > 8);
        });
  },

  async 'a click zooms, Escape shows all again'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, sample, size, async page => {
        const before = await frames(page);
        const full = (await frame(page, 'main').boundingBox()).width;
        await frame(page, 'users_handle').click();
        /* As wide as all, but for the edge under the pointer. */
        assert.ok(Math.abs((await frame(page, 'users_handle').boundingBox()).width - full) < 4);
        assert.equal(await frame(page, 'feed_handle').count(), 0);
        assert.equal(await frame(page, 'main').count(), 1);
        assert.match(await details(page), /users_handle/);
        assert.match(await hash(page), /^frame=\d+$/);
        await assertFits(page);
        await page.keyboard.press('Escape');
        assert.deepEqual(await frames(page), before);
        assert.equal(await hash(page), '');
        await frame(page, 'users_handle').click();
        await page.getByRole('button', {name: 'Whole graph'}).click();
        assert.deepEqual(await frames(page), before);
      });
  },

  async 'the keyboard alone is enough'(browser) {
    await withPage(browser, sample, WIDE, async page => {
      const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
      for (let i = 0; i < 20 && !/^all endpoints, /.test(await focused() || ''); i++)
        await page.keyboard.press('Tab');
      assert.match(await focused(), /^all endpoints, /);
      for (const [key, name] of [['ArrowDown', 'main'], ['ArrowDown', 'server_handle'],
        ['ArrowDown', 'feed_handle'], ['ArrowRight', 'ksys_write'], ['ArrowLeft', 'feed_handle'],
        ['ArrowDown', 'rank_score'], ['ArrowRight', 'json_dumps'], ['ArrowUp', 'feed_handle']]) {
        await page.keyboard.press(key);
        assert.ok((await focused()).startsWith(name + ', '), `${key}: ${await focused()}`);
        assert.ok((await details(page)).startsWith(name));
      }
      await page.keyboard.press('Enter');
      assert.equal(await frame(page, 'ksys_write').count(), 0);
      assert.ok((await focused()).startsWith('feed_handle, '), await focused());
      await page.keyboard.press('Escape');
      assert.equal(await frame(page, 'ksys_write').count(), 1);
      /* The graph is one stop: the next is behind it. */
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.closest('#graph')), null);
      await page.keyboard.press('/');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    });
  },

  async 'search says what share matches'(browser) {
    await withPage(browser, sample, WIDE, async page => {
      const matched = async () => plain(await page.locator('#matched').innerText());
      /* json_dumps: 0.75 * 40 of 162.5 µs below the feed, 0.25 * 25 below a user. */
      await page.locator('#search').fill('JSON_dumps');
      assert.match(await matched(), /^22\.3 % of all \(36\.\d µs a request\) matches, in 2 frames$/);
      assert.equal(await page.locator('#graph .found').count(), 2);
      /* Everything below main.c is below main: nothing counts twice. */
      await page.locator('#search').fill('gateway/main.c');
      assert.match(await matched(), /^100 % /);
      await page.locator('#search').fill('no such thing');
      assert.equal(await matched(), 'Nothing matches.');
      await page.locator('#search').fill('');
      assert.equal(await matched(), '');
      assert.equal(await page.locator('#graph .missed').count(), 0);
      /* A name in the table is searched for by a click. */
      await page.locator('#functions').getByRole('button', {name: 'rank_score'}).click();
      assert.equal(await page.locator('#search').inputValue(), 'rank_score');
      assert.equal(await page.locator('#graph .found').count(), 1);
    });
  },

  async 'endpoint, figure and side'(browser) {
    await withPage(browser, sample, WIDE, async page => {
      const whole = async () => plain(await details(page));
      assert.match(await whole(), /^all endpoints\s+163 µs a request.* 125 µs: ▲ \+37\.5 µs \(\+30\.0 %\)/);
      await page.locator('#endpoint').selectOption({label: `${FEED} – 92.3 %`.replace(' %', '\u00a0%')});
      assert.match(await whole(), /^GET \/v3\/feed\s+200 µs a request.* 150 µs: ▲ \+50\.0 µs \(\+33\.3 %\)/);
      await page.getByText('Allocations', {exact: true}).click();
      assert.match(await whole(), /^GET \/v3\/feed\s+40 a request.* 30: ▲ \+10 \(\+33\.3 %\)/);
      await page.getByText('Bytes', {exact: true}).click();
      assert.match(await whole(), /5\.88 KiB a request/);
      await page.getByText('Base', {exact: true}).click();
      assert.match(await whole(), /5\.25 KiB a request, 100 % of all/);
      assert.equal(await page.locator('#graph .mark').count(), 0);
      assert.ok(await page.locator('#legend-places').isVisible());
      await page.getByText('Instructions', {exact: true}).click();
      assert.equal(await frame(page, 'line 60').count(), 1);
      assert.match(await page.locator('h1').innerText(), /instructions/);
    });
  },

  async 'told without colour'(browser) {
    await withPage(browser, sample, WIDE, async page => {
      const words = async name => plain(await frame(page, name).first().locator('text').textContent());
      assert.equal(await words('rank_score'), '▲ rank_score +71.4 %');
      assert.equal(await frame(page, 'rank_score').locator('[fill="url(#grew)"]').count(), 1);
      assert.match(await words('read_settings'), /^▼ read/);
      assert.equal(await frame(page, 'read_settings').locator('[fill="url(#shrank)"]').count(), 1);
      assert.equal(await words('json_dumps'), 'json_dumps');
      const row = page.locator('#functions tr', {hasText: 'rank_score'});
      assert.match(plain(await row.innerText()), /▲ \+71\.4 %/);
    });
  },

  async 'an address leads to a view'(browser) {
    const words = new URLSearchParams({endpoint: FEED, figure: 'allocations', show: 'head',
      search: 'malloc'}).toString();
    await withPage(browser, sample, {...NARROW, hash: words}, async page => {
      assert.match(plain(await details(page)), /^GET \/v3\/feed\s+40 a request/);
      assert.equal(await page.locator('#search').inputValue(), 'malloc');
      assert.equal(await page.locator('#graph .found').count(), 2);
      assert.equal(await hash(page), words);
      await page.evaluate(() => { location.hash = '#endpoint=GET+%2Fv3%2Fusers%2F%7Bid%7D'; });
      await page.waitForFunction(() => document.querySelector('#details').innerText.includes('users'));
      assert.match(plain(await details(page)), /50\.0 µs a request/);
    });
    /* What does not exist any more is no error. */
    for (const odd of ['frame=99999', 'frame=-1', 'frame=x', 'endpoint=nobody', 'figure=%00&show=up'])
      await withPage(browser, sample, {...WIDE, hash: odd}, async page => {
        assert.match(await details(page), /^all endpoints/);
      });
  },

  async 'without a script it is a picture'(browser) {
    for (const size of [WIDE, NARROW])
      await withPage(browser, sample, {...size, javaScriptEnabled: false}, async page => {
        assert.equal(await page.locator('#controls').isVisible(), false);
        assert.equal(await page.locator('#details').isVisible(), false);
        const rank = page.locator('svg.flame > svg', {has: page.locator('title', {hasText: /^rank_score/})});
        const box = await rank.boundingBox(), all = await page.locator('svg.flame').boundingBox();
        /* 90 µs of 170 that both sides take together. */
        assert.ok(Math.abs(box.width / all.width - 90 / 170) < 0.01);
        assert.match(await page.locator('table').innerText(), /rank_score/);
      });
  },

  async 'prints'(browser) {
    await withPage(browser, sample, {...WIDE, colorScheme: 'dark'}, async page => {
      await page.emulateMedia({media: 'print'});
      assert.equal(await page.locator('#controls').isVisible(), false);
      assert.ok(await page.locator('svg.flame').isVisible());
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), 'rgb(28, 32, 36)');
      assert.ok((await page.pdf({format: 'A4', landscape: true})).length > 5000);
    });
  },

  async 'hostile names are text'(browser) {
    for (const javaScriptEnabled of [true, false])
      for (const size of [WIDE, NARROW])
        await withPage(browser, path.join(folder, 'hostile.html'), {...size, javaScriptEnabled},
          async page => {
            await assertFits(page);
            assert.equal(await page.locator('img').count(), 0);
            assert.equal(await page.title(), 'tollgate: flame graph');
            const text = await page.locator('body').innerText();
            assert.ok(text.includes('<img src=x onerror=document.title=1>'));
            assert.ok(!/[\u202a-\u202e\u2066-\u2069\u001b]/.test(text));
            if (javaScriptEnabled) {
              await page.locator('#search').fill('onerror');
              assert.ok(await page.locator('#graph .found').count() > 0);
              await page.locator('#graph .found').first().click();
              await assertFits(page);
            }
          });
  },

  async 'one side'(browser) {
    await withPage(browser, path.join(folder, 'one-side.html'), WIDE, async page => {
      assert.equal(await page.locator('#sides').isVisible(), false);
      assert.equal(await page.locator('#graph .mark').count(), 0);
      assert.ok(await page.locator('#graph .own').count() > 2);
      assert.ok(!plain(await details(page)).includes('Before'));
    });
  },

  async 'one endpoint'(browser) {
    await withPage(browser, path.join(folder, 'one-endpoint.html'), WIDE, async page => {
      assert.match(plain(await details(page)), /^GET \/v3\/feed\s+200 µs a request/);
      assert.equal(await page.locator('#endpoint option').count(), 1);
      assert.equal(await hash(page), new URLSearchParams({endpoint: FEED}).toString());
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
