"use strict";
// The page works without this: it asks again when the log has grown, and listens to a few keys.
const page = document.documentElement;
const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
const go = (selector) => document.querySelector(selector)?.click();
const keys = { n: "#tab-n", d: "#tab-d", r: "#tab-r", p: "#tab-p", s: "#tab-s", "[": "[rel=prev]", "]": "[rel=next]" };

document.addEventListener("keydown", (event) => {
  const box = document.querySelector("#statement");
  if (box && event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
  if (event.key === "Escape") document.activeElement?.blur();
  if (typing() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    if (box) box.focus();
    else location.assign("/sql#statement");
  } else if (keys[event.key]) go(keys[event.key]);
});
if (location.hash === "#statement") document.querySelector("#statement")?.focus();

for (const place of document.querySelectorAll("[data-later]")) {
  fetch(place.dataset.later)
    .then((answer) => (answer.ok ? answer.text() : ""))
    .then((text) => new DOMParser().parseFromString(text, "text/html").getElementById(place.id))
    .then((found) => found && place.replaceWith(found))
    .catch(() => {}); // the link beside it still leads there
}

const look = async () => {
  try {
    const answer = await fetch("/version", { cache: "no-store" });
    page.dataset.heard = answer.ok ? "yes" : "no";
    if (answer.ok && (await answer.text()) !== page.dataset.mark) {
      if (page.dataset.follows && !typing()) location.reload();
      else document.querySelector("#grown").hidden = false;
    }
  } catch {
    page.dataset.heard = "no";
  }
};
setInterval(look, 5000);
look();
