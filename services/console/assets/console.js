// Comfort alone: every page works without it.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
    } catch {
      if (field.select) field.select();
      else getSelection().selectAllChildren(field);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
}

// What is shown once is lost by leaving: ask, unless it was said to be saved.
if (document.querySelector("[data-once]")) {
  let saved = false;
  const ask = (event) => {
    if (!saved) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  document.querySelector("a.done").addEventListener("click", () => (saved = true));
  for (const form of document.querySelectorAll("form[action='/downloads']")) {
    form.addEventListener("submit", () => {
      saved = true;
      setTimeout(() => (saved = false), 1000);
    });
  }
}

// A question is what the page is about: who uses a keyboard or a screen reader begins there.
document.querySelector(".question")?.focus();
// Calls as they arrive: looks again every few seconds, while somebody is looking.
const LOOK_AGAIN_MS = 5000;
for (const live of document.querySelectorAll("[data-live]")) {
  const words = (text) => text.replace(/\s+/g, " ").trim();
  let tag = null;
  setInterval(async () => {
    if (document.hidden || live.contains(document.activeElement)) return;
    const headers = tag ? { "If-None-Match": tag } : {};
    const response = await fetch(live.dataset.live, { redirect: "error", headers }).catch(() => null);
    if (!response?.ok) return;
    tag = response.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
    if (words(fresh.textContent) !== words(live.textContent)) live.replaceChildren(...fresh.childNodes);
  }, LOOK_AGAIN_MS);
}
