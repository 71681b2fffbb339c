// Runs one check by its name: node check.mjs NAME URL. If the check fails, prints the reason and exits with 1.
import * as checks from "./checks.mjs";
import { withBrowser } from "./browser.mjs";

const [name, url, ...rest] = process.argv.slice(2);
try {
  await withBrowser((browser) => checks[name](browser, url, ...rest));
} catch (error) {
  console.error(error.stack ?? String(error));
  process.exitCode = 1;
}
