/* Keys of the bank pages: every one does what a link or button of the page does as well. */
(() => {
  "use strict";

  const KEPT = "bank-line-position";
  const lines = [...document.querySelectorAll(".queue.waiting > li")];
  const help = document.getElementById("keys");
  const form = document.querySelector("form.line-parts");
  let position = -1;

  const goTo = (number) => {
    if (!lines.length) return;
    position = Math.max(0, Math.min(lines.length - 1, number));
    lines.forEach((line, index) => line.classList.toggle("current", index === position));
    lines[position].focus({ preventScroll: true });
    lines[position].scrollIntoView({ block: "nearest" });
    sessionStorage.setItem(KEPT, String(position));
  };
  const within = (selector) => (lines[position] || document).querySelector(selector);
  const press = (element) => {
    if (element) element.click();
  };
  const idea = (number) =>
    press(within(`.ideas > li:nth-child(${number}) button, .ideas > li:nth-child(${number}) a`));
  const open = (meaning) => {
    const link = within("a.open-line");
    if (link) window.location.assign(meaning ? `${link.href}?meaning=${meaning}` : link.href);
  };
  const choose = (meaning) => {
    const field = form.querySelector("[name='meaning-0']");
    if (meaning) field.value = meaning;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  };

  const KEYS = {
    j: () => goTo(position + 1),
    k: () => goTo(position - 1),
    Enter: () => press(within(".ideas > li button, .ideas > li a, a.open-line")),
    s: () => (form ? press(form.querySelector("[value='more']")) : open("")),
    c: () => (form ? choose("") : open("")),
    t: () => (form ? choose("own_transfer") : open("own_transfer")),
    x: () => press(within("input[name='line']")),
    A: () => press(document.querySelector("#many [value='certain']")),
    u: () => press(within("a.undo-line")),
    "/": () => document.getElementById("words")?.focus(),
    "?": () => (help.open ? help.close() : help.showModal()),
  };
  [1, 2, 3, 4, 5].forEach((number) => {
    KEYS[number] = () => idea(number);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const onControl = event.target.closest("a, button, summary");
    if (event.key === "Enter" && (onControl || position < 0)) return;
    const command = KEYS[event.key];
    if (!command || (help.open && event.key !== "?")) return;
    event.preventDefault();
    command();
  });

  lines.forEach((line, index) => {
    line.tabIndex = -1;
    line.addEventListener("focusin", () => {
      if (position !== index) goTo(index);
    });
  });
  const kept = Number(sessionStorage.getItem(KEPT) || 0);
  if (lines.length && !window.location.hash) goTo(kept);

  /* Only what the chosen meaning asks for is shown. */
  if (form) {
    const asks = JSON.parse(form.dataset.asks);
    const show = (part) => {
      const meaning = part.querySelector("select[name^='meaning-']").value;
      ["target", "fund", "account"].forEach((name) => {
        const field = part.querySelector(`[name^='${name}-']`).closest(".field");
        field.hidden = Boolean(meaning) && !asks[meaning].includes(name);
      });
    };
    form.querySelectorAll(".part").forEach((part) => {
      show(part);
      part.addEventListener("change", () => show(part));
    });
  }
})();
