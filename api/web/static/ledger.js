// What a keyboard gets on top of the plain pages: choices by key, rows by arrow, one submission a form.
// Everything here is a convenience; without it every page works the same.
"use strict";

const typing = (element) => element.matches("input:not([type=radio]), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const choice = document.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (choice) {
    choice.focus();
    choice.click();
    event.preventDefault();
    return;
  }
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const rows = [...document.querySelectorAll("[data-rows] a.row")];
  if (!step || !rows.length || event.target.type === "radio") return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-rows] tr");
  if (row && !event.target.closest("a, button") && !getSelection().toString()) row.querySelector("a.row").click();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
});
