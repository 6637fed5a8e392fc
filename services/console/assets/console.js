// Comfort alone: every page works without it.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
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
