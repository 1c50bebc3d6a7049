/* node speedscope.mjs FILE...: opens each in speedscope, lets it save what it made of it, and prints
 * that as JSON: for each file its profiles, each with name, unit and total. */
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {withBrowser, withPage} from './browser.mjs';

const VIEWER = fileURLToPath(
  new URL('./node_modules/speedscope/dist/release/index.html', import.meta.url));

/* The address says that a file is coming, as speedscope's own command line does. */
const OPTIONS = {quiet: false, hash: 'localProfilePath=none', viewport: {width: 1000, height: 700}};

const read = {};
await withBrowser(async browser => {
  for (const file of process.argv.slice(2))
    await withPage(browser, VIEWER, OPTIONS, async page => {
      await page.waitForFunction(() => typeof speedscope !== 'undefined');
      await page.evaluate(([name, content]) => speedscope.loadFileFromBase64(name, content),
        [path.basename(file), fs.readFileSync(file).toString('base64')]);
      const [saved] = await Promise.all(
        [page.waitForEvent('download'), page.getByText('\u2934\ufe0fExport').click()]);
      const {profiles} = JSON.parse(fs.readFileSync(await saved.path(), 'utf8'));
      read[path.basename(file)] = profiles.map(({name, unit, startValue, endValue}) =>
        ({name, unit, total: endValue - startValue}));
    });
});
console.log(JSON.stringify(read));
