// The checks of the live page in a browser. Each check gets a browser and the address of a running process.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { assert, axeSource, equal, openPage, samples, sleep, until } from "./browser.mjs";
import { text as formatted } from "./format.mjs";

const WINDOWS = ["5m", "1h", "24h", "7d", "30d"];
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 780 } };
// Families that the page must show for every window of the demo.
const ALWAYS = [
  "cx_tickets_created", "cx_tickets_resolved", "cx_chats_started", "cx_churn_ratio", "cx_backlog_tickets", "cx_chats_waiting", "cx_customers_active",
  "cx_backlog_tickets_by_channel", "cx_backlog_tickets_by_team", "cx_churn_ratio_by_segment", "cx_journey_customers", "cx_journey_entered", "cx_correlation_pairs",
  "cx_window_coverage_ratio", "cx_ledger_records", "cx_kafka_partitions_assigned",
];
// Further families that it must show for the longer windows; in a short window they may have too few cases.
const WITH_CASES = [
  "cx_first_response_p50_seconds", "cx_first_response_p90_seconds", "cx_first_response_seconds_count", "cx_first_response_attainment_ratio",
  "cx_resolution_p50_seconds", "cx_chat_wait_p50_seconds", "cx_chat_abandonment_ratio", "cx_csat_ratio", "cx_csat_ratio_lower", "cx_csat_ratio_upper",
  "cx_csat_responses", "cx_nps_score", "cx_ces_effort_score", "cx_ces_responses", "cx_health_index", "cx_target", "cx_correlation", "cx_correlation_lower",
  "cx_first_response_p50_seconds_by_channel", "cx_first_response_p50_seconds_by_team", "cx_csat_ratio_by_channel", "cx_csat_ratio_by_team",
  "cx_journey_conversion_ratio", "cx_journey_pain_index", "cx_churn_ratio_by_experience", "cx_csat_ratio_within_first_response_target",
];
const SHORT = ["5m", "1h"];

const shownSnapshot = (page) => page.getAttribute(".asof", "data-snapshot");

// Gives the page one response of the server together with the metrics of the same snapshot. Asks again until both are of the same snapshot, and then gives
// the page no other response.
async function pin(page, origin) {
  const pinned = { metrics: null, snapshot: null };
  await page.route((url) => url.pathname === "/", async (route) => {
    for (let attempt = 0; attempt < 100 && !pinned.metrics; attempt += 1) {
      const answer = await fetch(route.request().url());
      const body = await answer.text();
      const metrics = await fetch(`${origin}/metrics`);
      const text = await metrics.text();
      const number = answer.headers.get("cxpulse-snapshot");
      if (number && number === metrics.headers.get("cxpulse-snapshot")) {
        Object.assign(pinned, { metrics: samples(text), snapshot: number });
        const headers = ["content-type", "content-security-policy"].map((name) => [name, answer.headers.get(name)]);
        return route.fulfill({ status: 200, headers: Object.fromEntries(headers), body });
      }
    }
    return route.abort();
  });
  return pinned;
}

// A number halfway between two texts may be rounded either way.
const reads = (unit, value, text) => [value, value * (1 - 1e-12), value * (1 + 1e-12)].some((near) => formatted(unit, near) === text);

export async function values_equal_those_of_the_metrics_at_the_same_snapshot(browser, url) {
  for (const window of WINDOWS) {
    let pinned;
    const { page, context } = await openPage(browser, `${url}/?window=${window}`, { before: async (page) => (pinned = await pin(page, url)) });
    equal(await shownSnapshot(page), pinned.snapshot, "the snapshot shown");
    const shown = await page.$$eval("data", (all) => all.map((d) => ({ series: d.title, value: d.value, unit: d.dataset.unit, text: d.textContent })));
    for (const { series, value, unit, text } of shown) {
      assert(pinned.metrics.has(series), `${window}: no series ${series}`);
      equal(Number(value), pinned.metrics.get(series), `${window}: ${series}`);
      assert(reads(unit, Number(value), text), `${window}: ${series} reads ${text}`);
      const of = /window="([^"]+)"/.exec(series)?.[1] ?? window;
      assert(of === window || series.startsWith("cx_window_"), `${series} on the page of ${window}`);
    }
    const families = new Set(shown.map(({ series }) => series.split("{")[0]));
    const wanted = SHORT.includes(window) ? ALWAYS : [...ALWAYS, ...WITH_CASES];
    equal(wanted.filter((family) => !families.has(family)), [], `${window}: families not shown`);
    assert(families.has("cx_trend") === ["1h", "24h"].includes(window), `${window}: trends`);
    assert(shown.length > (SHORT.includes(window) ? 100 : 200), `${window}: only ${shown.length} values`);
    await context.close();
  }
}

export async function windows_are_switched_by_mouse_and_by_keyboard_and_stand_in_the_address(browser, url) {
  const { page, requests } = await openPage(browser, `${url}/`);
  const current = () => page.textContent("header nav [aria-current]");
  const shows = async (window) => {
    await until(`the window ${window}`, async () => (await current()).endsWith(window));
    equal(new URL(page.url()).searchParams.get("window"), window, "the address");
    const series = await page.$$eval(".cards data", (all) => all.map((d) => d.title).filter((s) => s.includes("window=")));
    assert(series.length > 5 && series.every((s) => s.includes(`window="${window}"`)), series);
    equal(await page.title(), `cxpulse: last ${window}`, "the title");
  };
  assert((await current()).endsWith("24h"), "a day is shown first");
  await page.click("header nav >> text=7d");
  await shows("7d");
  const loads = requests.filter((request) => request.endsWith("/-/page.js")).length;
  equal(loads, 1, "the page is not loaded anew");

  await page.focus("header nav a[href='/?window=1h']");
  await page.keyboard.press("Enter");
  await shows("1h");
  equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "/?window=1h", "focus stays");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await shows("24h");
  await page.goBack();
  await shows("1h");
  await page.reload();
  await shows("1h");

  // The first stop of the keyboard leads past the windows.
  await page.keyboard.press("Tab");
  equal(await page.evaluate(() => document.activeElement.textContent), "To the numbers", "the first stop");
  await page.keyboard.press("Enter");
  equal(await page.evaluate(() => document.activeElement.id), "main", "where it leads");
}

export async function nothing_is_complained_of_and_nothing_leaves_the_origin(browser, url) {
  const { page, requests, complaints } = await openPage(browser, `${url}/`);
  const first = await shownSnapshot(page);
  await until("an update", async () => (await shownSnapshot(page)) !== first);
  for (const window of WINDOWS) {
    await page.click(`header nav >> text=${window}`);
    await until(window, async () => (await page.textContent("header nav [aria-current]")).endsWith(window));
  }
  equal(complaints, [], "console");
  equal(requests.filter((request) => new URL(request).origin !== url), [], "requests to elsewhere");
  const paths = [...new Set(requests.map((request) => new URL(request).pathname))].sort();
  equal(paths.filter((path) => !["/", "/-/page.css", "/-/page.js", "/-/page.svg"].includes(path)), [], "paths asked for");
  // The purpose of the policy: the page runs no inline script and loads no image of another origin.
  const blocked = await page.evaluate(async () => {
    const seen = [];
    document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
    document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
    document.body.append(Object.assign(document.createElement("img"), { src: "http://127.0.0.2/x.png" }));
    await new Promise((done) => setTimeout(done, 300));
    return { seen: seen.sort(), ran: window.ran ?? false };
  });
  equal(blocked, { seen: ["img-src", "script-src-elem"], ran: false }, "the policy");
}

export async function axe_finds_nothing_serious_and_no_size_scrolls_sideways(browser, url) {
  for (const [name, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, context } = await openPage(browser, `${url}/?window=24h`, { viewport, colorScheme, bypassCSP: true });
      const wide = await page.evaluate(() => {
        const beyond = (e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "absolute";
        return { page: document.documentElement.scrollWidth - innerWidth, elements: [...document.querySelectorAll("main *")].filter(beyond).length };
      });
      equal(wide, { page: 0, elements: 0 }, `${name}: wider than the screen`);
      await page.evaluate(axeSource);
      const { violations, passes } = await page.evaluate(() => axe.run(document));
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      equal(serious.map(({ id, nodes }) => [id, nodes.length, nodes[0].html.slice(0, 200)]), [], `${name}, ${colorScheme}: axe`);
      assert(passes.length > 20, `only ${passes.length} rules applied`);
      await context.close();
    }
  }
}

export async function it_updates_by_itself_keeps_focus_and_place_and_rests_while_hidden(browser, url) {
  const { page, requests } = await openPage(browser, `${url}/`, { viewport: SIZES.phone });
  await page.focus("header nav a[aria-current]");
  // The reader's place is the heading that is read and not a number of pixels: the content above it may gain or lose a line with each update.
  await page.evaluate(() => {
    scrollTo(0, 900);
    window.read = [...document.querySelectorAll("main h2, main h3")].find((heading) => heading.getBoundingClientRect().top >= 0);
  });
  const place = () =>
    page.evaluate(() => [Math.round(window.read.getBoundingClientRect().top), document.activeElement.getAttribute("href")]);
  const [before, first] = [await place(), await shownSnapshot(page)];
  const shown = await page.textContent(".asof time");
  await until("an update", async () => Number(await shownSnapshot(page)) > Number(first), 10000);
  assert((await page.textContent(".asof time")) !== shown, "the time moves on");
  const [[from, focus], [to, focusNow]] = [before, await place()];
  equal(focusNow, focus, "focus");
  assert(await page.evaluate(() => window.read.isConnected), "the heading that is read stays in the page");
  assert(Math.abs(to - from) <= 60, `the heading that is read moved from ${from} to ${to}`);
  equal(await page.textContent("#contact"), "", "nothing is announced while all is well");

  const hide = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await sleep(200);
  const asked = requests.length;
  await sleep(4500);
  equal(requests.length - asked, 0, "requests while hidden");
  const resting = await shownSnapshot(page);
  await hide(false);
  await until("an update on return", async () => Number(await shownSnapshot(page)) > Number(resting), 2000);
}

export async function it_works_without_script(browser, url) {
  const { page } = await openPage(browser, `${url}/`, { javaScriptEnabled: false });
  assert((await page.locator("data").count()) > 200, "values");
  await page.click("header nav >> text=1h");
  assert((await page.textContent("header nav [aria-current]")).endsWith("1h"), "the window");
  assert((await page.textContent(".asof time")).endsWith("UTC"), "instants name their zone");
}

// The caller stops and starts the process behind the address when this check prints `stop` and `start` on standard output.
export async function it_says_when_contact_is_lost_since_when_and_when_it_is_back(browser, url) {
  const { page } = await openPage(browser, `${url}/`);
  equal(await page.textContent("#contact"), "", "contact at first");
  const asOf = await page.textContent(".asof time");
  console.log("stop");
  const lost = await until("the loss is announced", async () => (await page.textContent("#contact")) || null, 20000);
  assert(/^No contact since \d\d:\d\d:\d\d\. The numbers are as of \d\d:\d\d:\d\d\.$/.test(lost), lost);
  equal(await page.getAttribute("#contact", "role"), "status", "how it is announced");
  assert((await page.title()).startsWith("No contact"), await page.title());
  assert(asOf <= lost.slice(-9, -1), `${asOf} and ${lost}`);
  await sleep(3500);
  equal(await page.textContent("#contact"), lost, "it is announced once, with the time at which it began");
  console.log("start");
  await until("contact is back", async () => (await page.textContent("#contact")) === "", 40000);
  assert(!(await page.title()).startsWith("No contact"), await page.title());
}

export async function names_from_events_are_text_and_small_groups_are_too_few(browser, url) {
  const hostile = "<img src=x onerror=alert(1)>";
  const { page, requests, complaints } = await openPage(browser, `${url}/?window=24h`);
  const row = (name) => page.locator("table.groups tbody tr").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  equal(await row(hostile).locator("th").first().textContent(), hostile, "the name");
  const first = await shownSnapshot(page);
  await until("an update", async () => (await shownSnapshot(page)) !== first);
  equal([await page.locator("main img").count(), complaints], [0, []], "markup made of a name");
  assert(requests.every((request) => new URL(request).origin === url && !request.endsWith("/x")), requests);

  const cell = (name, label) => row(name).locator(`td[data-label='${label}']`).first().textContent();
  assert(/^100\.0.%.*n 6$/.test(await cell(hostile, "CSAT")), await cell(hostile, "CSAT"));
  equal(await cell("small", "CSAT"), "too fewn 2", "CSAT of two answers");
  equal(await cell("small", "First response"), "too fewn 2", "first response of two tickets");
  assert(!(await page.content()).includes('cx_csat_ratio_by_team{team=&quot;small'), "a withheld value is nowhere in the page");
  const notice = await page.textContent(".notice");
  assert(notice.startsWith("The window 24h is incomplete:") && notice.includes("withheld until it is complete"), notice);
  assert((await page.textContent("#churn + *")).includes("none"), "churn");
  assert((await page.locator("li.card", { has: page.locator("#churn") }).textContent()).includes("withheld: the customer base"), "why not");
}

export async function lines_show_the_course_of_the_window_with_its_target(browser, url) {
  // At night a slice has too few answers to be shown.
  for (const [window, step, least] of [["24h", "1\u00a0h", 8], ["7d", "7\u00a0h", 18], ["30d", "1\u00a0d 6\u00a0h", 22]]) {
    const { page, context } = await openPage(browser, `${url}/?window=${window}`);
    const heading = await page.textContent("#headline");
    assert(heading.includes(`the lines show its course in steps of ${step}`), heading);
    const card = page.locator("li.card", { has: page.locator("#csat") });
    const [words, line] = [await card.locator("svg.spark").getAttribute("aria-label"), await card.locator(".line").getAttribute("d")];
    const told = /^The last \d+\u00a0[hd].*: from .* to .*, between .* and .*\. The target is [\d.]+\u00a0%\.(?: In the rest of (\w+): ([\d.]+)\u00a0%\.)?$/.exec(words);
    assert(told, words);
    const points = line.split(/[ML]/).length - 1;
    assert(points >= least && points <= 25, `${window}: ${points} points`);
    equal(await card.locator(".aim").count(), 1, "the target is drawn");
    // The last window is compared with none that is longer.
    equal(await card.locator(".usual").count(), told[1] ? 1 : 0, "the rest of the longer window is drawn");
    const compared = card.locator("p.trend data");
    equal(await compared.count(), told[1] ? 1 : 0, `${window}: ${words}`);
    if (told[1]) {
      const rest = 100 * ((await card.locator(".figure data").getAttribute("value")) - (await compared.getAttribute("value")));
      assert(Math.abs(rest - Number(told[2])) < 0.051, `${window}: ${words}, and ${rest}`);
    }
    await context.close();
  }
}

// The text of a part or of a whole, as a number without its unit.
const number = (text) => Number(text.replace("\u2212", "-").replace(/[^-+\d.].*$/, ""));

export async function parts_of_what_moved_add_up_to_the_change(browser, url) {
  let compared = 0;
  for (const window of ["1h", "24h"]) {
    const { page, context } = await openPage(browser, `${url}/?window=${window}`);
    const moved = await page.$$eval(".moved", (all) => all.map((one) => ({
      title: one.querySelector("p").textContent,
      size: one.querySelector("data").textContent,
      unit: one.querySelector("data").dataset.unit,
      by: [...one.querySelectorAll(".by")].map((row) => row.textContent),
      bars: [...one.querySelectorAll("svg")].map((svg) => svg.querySelectorAll("rect").length),
    })));
    for (const { title, size, unit, by, bars } of moved) {
      assert(/ (below|above) the rest of (24h|7d)\.$/.test(title), title);
      assert(by.length >= 2 && by.length === bars.length, `${title}: ${by.length} rows and ${bars.length} rows of bars`);
      for (const [at, row] of by.entries()) {
        assert(/^By (channel|team): .*mix [+\u2212]/.test(row), row);
        const parts = row.replace(/\.$/, "").split(": ").slice(1).join(": ").split(", ");
        equal(bars[at], parts.length, row);
        if (unit === "size-duration") continue;
        const sum = parts.map((part) => number(part.slice(part.lastIndexOf(" ") + 1))).reduce((a, b) => a + b, 0);
        const whole = number(size) * (title.includes(" below ") ? -1 : 1);
        const rounding = (unit === "size-hundredths" ? 0.005 : 0.05) * (parts.length + 1) + 1e-9;
        assert(Math.abs(sum - whole) <= rounding, `${title} ${row}: ${sum} and ${whole}`);
        compared += 1;
      }
    }
    await context.close();
  }
  // The demo has an incident in its last hours.
  assert(compared >= 2, "nothing moved");
  console.log(`measured: ${compared} rows of parts add up to their change`);
}

// The share of the chats of a team that waited for more than a time, by the buckets: in a window, and in the rest of the day.
function slowChats(metrics, team, seconds, window) {
  const of = (window, part) => metrics.get(`cx_chat_wait_seconds_by_team_${part(`team="${team}",window="${window}"`)}`);
  const within = (labels) => `bucket{${labels},le="${seconds}"}`;
  const cases = (labels) => `count{${labels}}`;
  const share = (few, all) => 100 * (1 - few / all);
  const [few, all, fewOfDay, allOfDay] = [of(window, within), of(window, cases), of("24h", within), of("24h", cases)];
  return { cases: all, now: share(few, all), rest: share(fewOfDay - few, allOfDay - all) };
}

export async function an_incident_is_read_at_the_top_with_its_team_since_when_and_what_has_changed(browser, url, team, sinceMs, picture) {
  const viewport = { width: 1280, height: 800 };
  const height = await openPage(browser, `${url}/`, { viewport });
  await until("the incident is told", async () => (await height.page.locator("#incident h2").count()) === 1, 90000);
  equal(height.complaints, [], "console");
  await height.context.close();

  let pinned;
  const { page, context } = await openPage(browser, `${url}/`, { viewport, bypassCSP: true, before: async (page) => (pinned = await pin(page, url)) });
  const lines = await page.$$eval("#incident h2, #incident .since, #incident li, #incident .soft", (all) => all.map((e) => e.textContent));
  console.log(`measured: ${lines.join(" | ")}`);
  const told = lines.join("\n");
  assert(lines[0].startsWith(`Team ${team}: chats wait longer, `), told);
  for (const other of ["technical", "accounts", "onboarding", "All teams"]) assert(!told.includes(other), told);

  assert(/^Since some time between \d\d:\d\d and \d\d:\d\d\.$/.test(lines[1]), told);
  const times = await page.$$eval("#incident .since time", (all) => all.map((time) => new Date(time.dateTime).getTime()));
  const [earliest, latest] = [Math.min(...times), Math.max(...times)].map((time) => (time - Number(sinceMs)) / 60000);
  assert(earliest >= -15 && earliest <= 3 && latest >= -3 && latest <= 10, `${told}: it began at ${new Date(Number(sinceMs)).toISOString()}`);

  const chats = lines.find((line) => line.startsWith("Chats wait longer: "));
  const read = /: ([\d.]+)\u00a0% of (\d+) chats waited for more than (?:(\d+)\u00a0min ?)?(?:(\d+)\u00a0s)? in the last (5m|1h); ([\d.]+)\u00a0% in the rest of 24h\.$/.exec(chats);
  assert(read, chats);
  const { cases, now, rest } = slowChats(pinned.metrics, team, 60 * Number(read[3] ?? 0) + Number(read[4] ?? 0), read[5]);
  equal(Number(read[2]), cases, chats);
  assert(Math.abs(Number(read[1]) - now) < 0.051 && Math.abs(Number(read[6]) - rest) < 0.051, `${chats}: ${now} and ${rest}`);
  assert(lines.some((line) => /^More contacts: \d+ new tickets and chats in the last 5m; [\d.]+ at the pace of the rest of 1h\.$/.test(line)), told);

  // All of it is seen without scrolling.
  const boxes = await page.$$eval("#incident, #incident *", (all) => all.map((e) => e.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]));
  assert(boxes.length > 4 && boxes.every(([top, bottom]) => top >= 40 && bottom > top && bottom <= viewport.height / 2), boxes);
  equal(await page.evaluate(() => scrollY), 0, "it is scrolled");
  await page.screenshot({ path: picture });
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => axe.run("#incident"));
  equal(violations.map(({ id, nodes }) => [id, nodes[0].html]), [], "axe");
  await context.close();

  // Every window tells the same, and a phone shows it first too.
  const phone = await openPage(browser, `${url}/?window=7d`, { viewport: SIZES.phone, colorScheme: "dark" });
  assert((await phone.page.textContent("#incident h2")).startsWith(`Team ${team}: `), "on a phone");
  equal(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "wider than a phone");
  await phone.context.close();
}

export async function screenshots(browser, url, folder) {
  mkdirSync(folder, { recursive: true });
  for (const [name, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, context } = await openPage(browser, `${url}/?window=24h`, { viewport, colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
      await context.close();
    }
  }
}
