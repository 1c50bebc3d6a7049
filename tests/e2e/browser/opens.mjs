/* node opens.mjs PAGE...: each is quiet and fits, wide and narrow, light and dark, with a script and
 * without. Quiet: it logs nothing, throws nothing and asks for nothing but itself. */
import assert from 'node:assert/strict';
import {withBrowser, withPage} from './browser.mjs';

const SIZES = [{width: 1440, height: 900}, {width: 360, height: 740}];

await withBrowser(async browser => {
  for (const path of process.argv.slice(2))
    for (const viewport of SIZES)
      for (const colorScheme of ['light', 'dark'])
        for (const javaScriptEnabled of [true, false])
          await withPage(browser, path, {viewport, colorScheme, javaScriptEnabled}, async page => {
            const [content, room] = await page.evaluate(() =>
              [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
            assert.ok(content <= room, `${path} is ${content} pixels wide on ${room}`);
            assert.ok((await page.title()).length > 0);
          });
});
