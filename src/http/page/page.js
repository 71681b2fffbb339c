// Keeps the live page live: fetches it again, exchanges what has changed, and says when the server does not answer.
// Without this script the page works too; the browser then loads it again every 15 seconds.
"use strict";
(() => {
  const EVERY_MS = 3000;
  const EVERY_MS_LOST_MAX = 30000;
  const PATIENCE_MS = 8000;

  const contact = document.getElementById("contact");
  let timer = 0;
  let asking = null;
  let lostSince = null;
  let failures = 0;

  // Instants come in UTC; everyone reads them in their own time.
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const second = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = (time.dataset.precision === "second" ? second : day).format(at);
      time.title = time.dateTime;
    }
  }

  // Makes `now` like `next` and keeps every node that need not change, and with it focus, selection and scrolling.
  function morph(now, next) {
    for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
    for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    const wanted = [...next.childNodes];
    wanted.forEach((child, at) => {
      const there = now.childNodes[at];
      if (!there) now.append(child);
      else if (there.nodeName !== child.nodeName || there.id !== child.id) there.replaceWith(child);
      else if (child.nodeType !== Node.ELEMENT_NODE) {
        if (there.data !== child.data) there.data = child.data;
      } else if (!there.isEqualNode(child)) morph(there, child);
    });
    while (now.childNodes.length > wanted.length) now.lastChild.remove();
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.getElementById("main")) throw new Error("not the page");
    if (page.body.dataset.version !== document.body.dataset.version) return location.reload();
    localise(page);
    for (const part of ["header", "main", "footer"]) morph(document.querySelector(part), page.querySelector(part));
  }

  function lost() {
    failures += 1;
    lostSince ??= new Date();
    document.body.classList.add("lost");
    document.title = "No contact: cxpulse";
    const asOf = document.querySelector(".asof time");
    const text = `No contact since ${second.format(lostSince)}. The numbers are as of ${asOf ? asOf.textContent : "then"}.`;
    if (contact.textContent !== text) contact.textContent = text;
  }

  function found() {
    if (failures) contact.textContent = "";
    failures = 0;
    lostSince = null;
    document.body.classList.remove("lost");
    document.title = `cxpulse: last ${document.querySelector("header nav [aria-current]")?.textContent.replace("last ", "") ?? ""}`;
  }

  async function refresh() {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(location.href, { signal: mine.signal, cache: "no-store", credentials: "same-origin" });
      // Too many at once is an answer too: the next one comes soon.
      if (answer.status !== 503) {
        if (!answer.ok) throw new Error(answer.statusText);
        const text = await answer.text();
        if (mine !== asking) return;
        show(text);
      }
      found();
    } catch {
      // A later question has taken this one's place.
      if (mine !== asking) return;
      lost();
    } finally {
      clearTimeout(patience);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(refresh, Math.min(EVERY_MS * 2 ** Math.min(failures, 4), EVERY_MS_LOST_MAX));
  }

  // A window is a link, so it works without script and can be kept and sent on.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("header nav a");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.href !== location.href) history.pushState(null, "", link.href);
    refresh();
  });
  addEventListener("popstate", refresh);
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
    } else refresh();
  });
  addEventListener("pageshow", (event) => event.persisted && refresh());

  localise(document);
  found();
  plan();
})();
