// Keeps the live page up to date: fetches it again, exchanges the parts that have changed, and says when the server does not answer.
// The page works without this script too; the browser then loads the whole page again every 15 seconds.
"use strict";
(() => {
  const EVERY_MS = 3000;
  const EVERY_MS_LOST_MAX = 30000;
  const PATIENCE_MS = 8000;

  const contact = document.getElementById("contact");
  let timer = 0;
  let request = null;
  let lostSince = null;
  let failures = 0;

  // The server writes instants in UTC; this shows them in the reader's own time zone.
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const minute = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const second = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = ({ second, minute }[time.dataset.precision] ?? day).format(at);
      time.title = time.dateTime;
    }
  }

  // Makes `current` equal to `next`. Keeps every node that need not change, and with it the focus, the selection and the scroll position.
  function morph(current, next) {
    for (const { name } of [...current.attributes]) if (!next.hasAttribute(name)) current.removeAttribute(name);
    for (const { name, value } of next.attributes) if (current.getAttribute(name) !== value) current.setAttribute(name, value);
    const nextChildren = [...next.childNodes];
    nextChildren.forEach((nextChild, at) => {
      const child = current.childNodes[at];
      if (!child) current.append(nextChild);
      else if (child.nodeName !== nextChild.nodeName || child.id !== nextChild.id) child.replaceWith(nextChild);
      else if (nextChild.nodeType !== Node.ELEMENT_NODE) {
        if (child.data !== nextChild.data) child.data = nextChild.data;
      } else if (!child.isEqualNode(nextChild)) morph(child, nextChild);
    });
    while (current.childNodes.length > nextChildren.length) current.lastChild.remove();
  }

  function showPage(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.getElementById("main")) throw new Error("not the page");
    if (page.body.dataset.version !== document.body.dataset.version) return location.reload();
    localise(page);
    for (const part of ["header", "main", "footer"]) morph(document.querySelector(part), page.querySelector(part));
  }

  function showContactLost() {
    failures += 1;
    lostSince ??= new Date();
    document.body.classList.add("lost");
    document.title = "No contact: cxpulse";
    const asOf = document.querySelector(".asof time");
    const text = `No contact since ${second.format(lostSince)}. The numbers are as of ${asOf ? asOf.textContent : "then"}.`;
    if (contact.textContent !== text) contact.textContent = text;
  }

  function showContact() {
    if (failures) contact.textContent = "";
    failures = 0;
    lostSince = null;
    document.body.classList.remove("lost");
    document.title = `cxpulse: last ${document.querySelector("header nav [aria-current]")?.textContent.replace("last ", "") ?? ""}`;
  }

  async function refresh() {
    clearTimeout(timer);
    request?.abort();
    const mine = (request = new AbortController());
    const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
    try {
      const response = await fetch(location.href, { signal: mine.signal, cache: "no-store", credentials: "same-origin" });
      // 503 says that too many pages are requested at once. The server is there, and the next request comes soon.
      if (response.status !== 503) {
        if (!response.ok) throw new Error(response.statusText);
        const text = await response.text();
        if (mine !== request) return;
        showPage(text);
      }
      showContact();
    } catch {
      // A later request has replaced this one.
      if (mine !== request) return;
      showContactLost();
    } finally {
      clearTimeout(patience);
    }
    scheduleRefresh();
  }

  function scheduleRefresh() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(refresh, Math.min(EVERY_MS * 2 ** Math.min(failures, 4), EVERY_MS_LOST_MAX));
  }

  // Each window is a link, so that it works without script and can be bookmarked and shared.
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
  showContact();
  scheduleRefresh();
})();
