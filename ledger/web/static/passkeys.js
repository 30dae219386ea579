// Passkeys: asks the server for a challenge, the browser for an answer, and sends the form with it.
// A form works like this when it has data-passkey ("create" or "get") and data-begin; it is shown
// only where the browser knows passkeys. Also prints the page for a button with data-print.
"use strict";

(() => {
  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  const known = window.PublicKeyCredential;
  if (!known || !known.parseRequestOptionsFromJSON || !known.parseCreationOptionsFromJSON) {
    return;
  }

  const answerOf = async (form) => {
    const wish = new URLSearchParams();
    wish.set("csrf_token", form.elements.csrf_token.value);
    wish.set("purpose", form.dataset.purpose);
    const begun = await fetch(form.dataset.begin, { method: "POST", body: wish });
    if (!begun.ok) {
      throw new Error("no challenge");
    }
    const { challenge, options } = await begun.json();
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
    form.elements.challenge.value = challenge;
    form.elements.response.value = JSON.stringify(credential.toJSON());
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const problem = form.querySelector("[data-problem]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      const buttons = form.querySelectorAll("button");
      for (const button of buttons) {
        button.disabled = true;
      }
      try {
        await answerOf(form);
        form.submit();
      } catch {
        problem.hidden = false;
        for (const button of buttons) {
          button.disabled = false;
        }
      }
    });
  }
})();
