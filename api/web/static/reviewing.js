// Findings that a reviewer has given are held for ten seconds, in which they can be undone; meanwhile the next
// appointment is shown. Nothing is sent before: whoever leaves the page sends what is held at once. Near the deadline,
// and without scripts, a form is sent as any other.
"use strict";

const HURRY = 30; // seconds before the deadline in which nothing is held
const held = new Map();
const main = document.getElementById("main");
const list = document.getElementById("held");
const blank = document.getElementById("held-one");
main.tabIndex = -1;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (!form.matches("[data-hold]")) return leaveBy(event, () => form.requestSubmit(event.submitter));
  if ((form.dataset.until - Date.now()) / 1000 < HURRY) return;
  event.preventDefault();
  hold(form);
}, true);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin || link.hash) return;
  if (!link.matches("[data-swap]")) return leaveBy(event, () => location.assign(link.href));
  event.preventDefault();
  go(link.href);
});

// A page that is hidden may never be seen again, a phone's least of all.
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && sendAll());
window.addEventListener("pagehide", () => {
  for (const one of held.values()) navigator.sendBeacon(one.to, one.body);
  held.clear();
});
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
window.addEventListener("popstate", () => go(location.href, false));

async function leaveBy(event, leave) {
  if (!held.size) return;
  event.preventDefault();
  const results = await sendAll();
  if (results.every(Boolean)) leave();
}

function sendAll() {
  return Promise.all([...held.values()].map(send));
}

function hold(form) {
  held.get(form.action)?.drop();
  const bar = blank.content.firstElementChild.cloneNode(true);
  const one = { to: form.action, from: location.href, body: new URLSearchParams(new FormData(form)), bar };
  const chosen = form.querySelector("label:has(:checked) [data-what], p[data-what]");
  const worth = form.querySelector(".worth-line .figure, tfoot .figure");
  const said = [form.dataset.who, chosen?.textContent.trim(), worth?.textContent];
  bar.querySelector("[data-said]").textContent = said.filter(Boolean).join(", ");
  bar.querySelector("[data-undo]").addEventListener("click", () => undo(one));
  bar.querySelector("[data-now]").addEventListener("click", () => send(one));
  const seconds = bar.querySelector("[data-seconds]");
  const ends = Date.now() + form.dataset.hold * 1000;
  const counting = setInterval(() => {
    const rest = Math.ceil((ends - Date.now()) / 1000);
    seconds.textContent = Math.max(rest, 0);
    if (rest <= 0) send(one);
  }, 200);
  one.stop = () => {
    clearInterval(counting);
    held.delete(one.to);
  };
  one.drop = () => {
    one.stop();
    bar.remove();
  };
  held.set(one.to, one);
  seconds.textContent = form.dataset.hold;
  list.prepend(bar);
  go(form.dataset.next);
}

async function send(one) {
  one.stop();
  tell(one, "sending");
  try {
    const headers = { "HX-Request": "true" };
    const answer = await fetch(one.to, { method: "POST", body: one.body, headers, keepalive: true });
    if (answer.status === 204) {
      tell(one, "sent");
      setTimeout(() => one.bar.remove(), 3000);
      if (!held.size) recount();
      return true;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const notice = page.querySelectorAll("main .notice.refused p");
    fail(one, notice.length ? notice : page.querySelectorAll("main h1, main h1 ~ p:not(:has(a))"));
  } catch {
    fail(one, []);
  }
  return false;
}

function tell(one, state) {
  one.bar.dataset.state = state;
  one.bar.querySelector("[data-told]").textContent = one.bar.getAttribute(`data-when-${state}`);
}

function fail(one, reasons) {
  tell(one, "failed");
  one.bar.setAttribute("role", "alert");
  const again = one.bar.querySelector("[data-undo]");
  again.textContent = again.dataset.again;
  one.bar.querySelector("[data-why]").replaceChildren(...reasons);
}

async function undo(one) {
  one.drop();
  await go(one.from);
  const form = [...main.querySelectorAll("form[data-hold]")].find((each) => each.action === one.to);
  if (!form) return;
  for (const field of form.elements) {
    if (["csrf_token", "version"].includes(field.name)) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = one.body.getAll(field.name).includes(field.value);
    else if (field.name) field.value = one.body.get(field.name) ?? "";
  }
  (form.querySelector(":checked") ?? form.elements[0]).focus();
  value();
}

// Asks what the choices are worth: those that were put back, and those made before the scripts were there.
function value() {
  main.querySelector("form[data-hold]:has([name=attendance]:checked)")?.dispatchEvent(new Event("change", { bubbles: true }));
}
document.addEventListener("DOMContentLoaded", value);

// Shows another page of ours in place of this one, so that what is held stays held.
async function go(address, remember = true) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("main");
  main.className = found.className;
  main.replaceChildren(...found.childNodes);
  document.title = page.title;
  if (remember) history.pushState(null, "", answer.url);
  for (const one of held.values()) hideRow(one);
  arrive(main);
  window.htmx?.process(main);
  scrollTo(0, 0);
  main.focus();
}

// The list as it is now that all is recorded, unless somebody is at work on it.
async function recount() {
  const busy = main.querySelector(":checked[name=id], .search:focus-within");
  if (busy || !main.querySelector("tr[hidden]")) return;
  const at = document.activeElement.href;
  const top = scrollY;
  await go(location.href, false);
  [...main.querySelectorAll("a.row")].find((row) => row.href === at)?.focus();
  scrollTo(0, top);
}

// What is held is on its way out of the inbox.
function hideRow(one) {
  const path = new URL(one.from).pathname;
  for (const row of main.querySelectorAll("a.row")) if (new URL(row.href).pathname === path) row.closest("tr").hidden = true;
}
