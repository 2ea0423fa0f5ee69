// What a keyboard gets on top of the plain pages: choices by key, rows and neighbours by key, one submission a form;
// and deadlines that count down. Everything here is a convenience; without it every page works the same.
"use strict";

const MINUTE = 60_000;
const TELLS_MINUTES = 48 * 60; // minutes before a deadline from which on the server's words tell the minutes, too
const typing = (element) => element.matches("input:not([type=radio], [type=checkbox]), textarea, select");

// Keys
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const key = CSS.escape(event.key);
  const pressed = document.querySelector(`[data-key="${key}"]`);
  if (pressed) {
    press(pressed);
    event.preventDefault();
    return;
  }
  const rows = [...document.querySelectorAll("[data-rows] a.row")];
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step || !rows.length || event.target.type === "radio") return;
  const at = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
  event.preventDefault();
});

function press(pressed) {
  if (pressed.matches("[data-cycle]")) {
    const choices = [...pressed.querySelectorAll("input[type=radio]")];
    const next = choices[(choices.findIndex((choice) => choice.checked) + 1) % choices.length];
    next.focus();
    next.click();
    return;
  }
  if (!pressed.matches("a, button")) pressed.focus();
  pressed.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "x" || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest("[data-rows] tr")?.querySelector("input[type=checkbox]");
  if (!box) return;
  box.click();
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-rows] tr");
  if (row && !event.target.closest("a, button, input, label") && !getSelection().toString()) {
    row.querySelector("a.row").click();
  }
});

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.copied;
  });
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-every]")) return;
  const boxes = event.target.closest("form").querySelectorAll("tbody input[type=checkbox]");
  for (const box of boxes) box.checked = event.target.checked;
});

// One submission a form
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-once]")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
});

// Deadlines: `data-left` says how many seconds there were when the page was made, so no two clocks are compared.
function arrive(within) {
  for (const hidden of within.querySelectorAll("[data-every]")) hidden.hidden = false;
  for (const clock of within.querySelectorAll("[data-left]")) {
    clock.dataset.until = Date.now() + clock.dataset.left * 1000;
  }
}

function tick() {
  for (const clock of document.querySelectorAll("[data-until]")) {
    const minutes = Math.ceil((clock.dataset.until - Date.now()) / MINUTE);
    if (minutes <= 0 && clock.dataset.over) clock.closest("[data-deadline]").textContent = clock.dataset.over;
    if (minutes <= 0 || minutes >= TELLS_MINUTES || clock.matches("form")) continue;
    const hours = Math.floor(minutes / 60);
    const words = hours ? document.body.dataset.hours : document.body.dataset.minutes;
    clock.textContent = words.replace("#h", hours).replace("#m", minutes % 60);
  }
}

arrive(document);
setInterval(tick, 1000);

// What explains a word goes away with Escape and comes back with the next word.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.body.classList.add("no-tips");
});
for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => event.target.closest(".term") && document.body.classList.remove("no-tips"));
}
