// A browser that can reach nothing but this machine, and the functions that every check needs. Does not know the checks.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.TESTS_PAGE_MODULES, "package.json"));
const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Every other host that a browser tries to reach has no address.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export function assert(holds, why) {
  if (!holds) throw new Error(typeof why === "string" ? why : JSON.stringify(why));
}

export function equal(found, wanted, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  assert(a === b, `${what}: found ${a}, wanted ${b}`);
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Calls `read` until its result is truthy, and returns that result.
export async function until(what, read, limitMs = 30000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await read();
    if (value) return value;
    assert(Date.now() < end, `${what}: not within ${limitMs} ms`);
    await sleep(50);
  }
}

// Runs `work` with a browser that has a fresh profile, and closes the browser even if `work` fails.
export async function withBrowser(work) {
  const browser = await chromium.launch({ executablePath: process.env.TESTS_CHROMIUM, headless: true, args: FLAGS });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

// Opens a page and records its complaints (errors, warnings and dialogs) and its requests.
export async function openPage(browser, url, { before, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  const watched = { page, context, complaints: [], requests: [] };
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && watched.complaints.push(message.text()));
  page.on("pageerror", (error) => watched.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    watched.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => watched.requests.push(request.url()));
  await before?.(page);
  await page.goto(url);
  return watched;
}

// The samples of an exposition by their series.
export function samples(text) {
  const found = new Map();
  for (const line of text.split("\n")) {
    if (!line || line.startsWith("#")) continue;
    const end = line.lastIndexOf(" ");
    found.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return found;
}
