// Passkeys: the one thing of the console that needs a script. Options come with the page or are fetched at the click;
// what the authenticator returns goes into the form, which is then sent as any other.
"use strict";

const bytes = (text) => {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const creation = (options) => ({
  ...options,
  challenge: bytes(options.challenge),
  user: { ...options.user, id: bytes(options.user.id) },
  excludeCredentials: (options.excludeCredentials ?? []).map((known) => ({ ...known, id: bytes(known.id) })),
});
const request = (options) => ({ ...options, challenge: bytes(options.challenge), allowCredentials: [] });

const asJson = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
};

const fetched = async (path) => {
  const response = await fetch(path, { method: "POST", redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

// Browsers know no passkeys of an address.
const known = window.PublicKeyCredential && !/^[\d.]+$|:/.test(location.hostname);
for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!known) continue;
  form.hidden = false;
  const problem = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    problem.hidden = true;
    try {
      const credential =
        form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey: creation(JSON.parse(form.dataset.options)) })
          : await navigator.credentials.get({ publicKey: request(await fetched(form.dataset.options)) });
      form.elements.credential.value = asJson(credential);
      form.submit();
    } catch {
      problem.hidden = false;
    }
  });
}
